import type { Command, CommandGroup } from './command.ts'
import { withGround } from './ground.ts'
import { bold, print } from './terminal.ts'

const resetPassword: Command = {
  name: 'reset-password',
  about: "generate a new password for the account 'admin' and print it",
  run: async (_given, call) => {
    const { resetAdminPassword } = await import('../features/accounts/index.ts')
    await withGround(call, async ({ db, cache }) => {
      print(`the password of admin is now ${bold(await resetAdminPassword(db, { db, cache }))}`)
    })
  },
}

export const admin: CommandGroup = { name: 'admin', about: 'the system administrator', commands: [resetPassword] }
