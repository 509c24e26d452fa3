import type { Command } from './command.ts'
import { leaveOnSignal } from './signals.ts'
import { print } from './terminal.ts'

export const migrate: Command = {
  name: 'migrate',
  about: 'bring the database schema up to date, then end',
  run: async (_given, { load }) => {
    const { config } = await load()
    leaveOnSignal()
    const [{ openGround }, { openLog }] = await Promise.all([
      import('../app/ground.ts'),
      import('../platform/observe/log.ts'),
    ])
    const ground = await openGround(config, openLog(config.log))
    await ground.close()
    print('the database schema is up to date')
  },
}
