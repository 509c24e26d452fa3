import type { Command, CommandGroup } from './command.ts'
import { withGround } from './ground.ts'
import { print } from './terminal.ts'

const rotate: Command = {
  name: 'rotate',
  about: 'make a new key; tokens signed with earlier ones stay valid until they expire',
  run: async (_given, call) => {
    const { rotateKeys } = await import('../registry/keys.ts')
    await withGround(call, async ({ db, secrets, config }) => {
      const by = { kind: 'system', id: null, name: 'marina keys' } as const
      const id = await db.transaction((tx) => rotateKeys(tx, secrets, by))
      const minutes = config.limits.tokenTtlMs / 60_000
      print(`new signing key ${id}; tokens signed before stay valid for at most ${minutes} minutes`)
    })
  },
}

export const keys: CommandGroup = { name: 'keys', about: 'the keys that sign registry tokens', commands: [rotate] }
