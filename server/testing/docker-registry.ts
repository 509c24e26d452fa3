import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type DockerRegistry = AsyncDisposable & { url: string }

/** Debian's docker-registry on this machine, empty, on a free port; it deletes what it is asked to delete. */
export async function openDockerRegistry(): Promise<DockerRegistry> {
  const dir = await mkdtemp(join(tmpdir(), 'docker-registry-'))
  const file = join(dir, 'config.yml')
  await writeFile(
    file,
    [
      'version: 0.1',
      'log: {level: info}',
      `storage: {filesystem: {rootdirectory: ${dir}/data}, delete: {enabled: true}}`,
      "http: {addr: '127.0.0.1:0'}",
    ].join('\n'),
  )
  const child = spawn('docker-registry', ['serve', file], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const host = await new Promise<string>((resolve, reject) => {
    let log = ''
    const look = (data: Buffer) => {
      log += String(data)
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(log)
      if (found) resolve(found[1]!)
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.once('error', reject)
    void exited.then(() => reject(new Error(`docker-registry did not start\n${log}`)))
  })
  return {
    url: `http://${host}`,
    async [Symbol.asyncDispose]() {
      process.removeListener('exit', kill)
      kill()
      await exited
      await rm(dir, { recursive: true, force: true })
    },
  }
}
