import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cleanEnvironment } from './marina.ts'

/** Debian's docker-registry on loopback, with its data in `dir`; with `notify` it posts its events there. */
export async function openDockerRegistry(
  dir: string,
  notify?: { url: string; secret: string },
): Promise<{ host: string; url: string } & AsyncDisposable> {
  await mkdir(dir, { recursive: true })
  const file = path.join(dir, 'config.yml')
  const lines = [
    'version: 0.1',
    'log: {level: info}',
    `storage: {filesystem: {rootdirectory: ${dir}/data}, delete: {enabled: true}}`,
    "http: {addr: '127.0.0.1:0'}",
    notify ? notifications(notify) : '',
  ]
  await writeFile(file, lines.join('\n'))
  const child = spawn('docker-registry', ['serve', file], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment(),
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (log += String(data)))
  const exited = new Promise<void>((resolve) =>
    child.once('error', (error) => resolve(void (log += error.message))).once('exit', () => resolve()),
  )
  let isOver = false
  void exited.then(() => (isOver = true))
  const limit = performance.now() + 60_000
  while (!/listening on 127\.0\.0\.1:\d+/.test(log)) {
    if (isOver || performance.now() > limit) throw new Error(`docker-registry did not start\n${log}`)
    await sleep(10)
  }
  const host = /listening on (127\.0\.0\.1:\d+)/.exec(log)![1]!
  return {
    host,
    url: `http://${host}`,
    async [Symbol.asyncDispose]() {
      process.removeListener('exit', kill)
      kill()
      await exited
    },
  }
}

/** The same lines as in docs/operate/notifications.md. */
const notifications = ({ url, secret }: { url: string; secret: string }) => `notifications:
  endpoints:
    - name: marina
      url: ${url}
      headers:
        Authorization: [Bearer ${secret}]
      timeout: 3s
      threshold: 5
      backoff: 1s
`
