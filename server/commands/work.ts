import type { LastingCommand } from './command.ts'
import { startUnlessAsked, stopSignal } from './signals.ts'
import { print } from './terminal.ts'

export const work: LastingCommand = {
  name: 'work',
  about: 'run jobs until SIGTERM or Ctrl-C, and serve nothing; beside marina serve',
  run: async (_given, { load }) => {
    const { config } = await load()
    const asked = stopSignal()
    const [{ openWorker }, { openLog }] = await Promise.all([
      import('../app/work.ts'),
      import('../platform/observe/log.ts'),
    ])
    const worker = await startUnlessAsked(asked, (signal) => openWorker(config, openLog(config.log), signal))
    if (!worker) return print('Marina has stopped')
    print(`Marina runs up to ${config.jobs.concurrency} jobs at once, and serves nothing`)
    print(`${await asked}: running jobs end, or run again elsewhere`)
    await worker.close()
    print('Marina has stopped')
  },
}
