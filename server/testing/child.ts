import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { fixed, type TestMarina, type TestSettings } from './server.ts'

/** A Marina in a process of its own, on the database and the storage of one in this process. */
type ChildMarina = AsyncDisposable & {
  url: string
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>
}

const main = resolve(import.meta.dirname, '../main.ts')

export async function startChild({ config }: TestMarina, settings: TestSettings = {}): Promise<ChildMarina> {
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd: config.server.dataDir,
    env: {
      PATH: process.env['PATH'],
      ...fixed,
      MARINA_PROCESSES: '1',
      MARINA_DATABASE_URL: config.database.url!,
      MARINA_DATA_DIR: config.server.dataDir,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  const exited = once(child, 'exit')
  const kill = async () => {
    process.removeListener('exit', end)
    end()
    await exited
  }
  let said = ''
  const port = await new Promise<string>((resolvePort, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        said = (said + part).slice(-10_000)
        const [, found] = /is ready .*:(\d+)\n/.exec(said) ?? []
        if (found) resolvePort(found)
      })
    void exited.then(() => reject(new Error(`Marina did not start: ${said}`)))
  })
  return { url: `http://127.0.0.1:${port}`, kill, [Symbol.asyncDispose]: kill }
}
