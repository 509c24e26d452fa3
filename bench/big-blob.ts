/** One blob of 512 MiB, sent and received by curl. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { openConnection } from './connection.ts'
import { startUpload, withDigest } from './image.ts'
import type { Registry } from './registries.ts'
import { output } from './scratch.ts'

const MiB = 2 ** 20
/** In bytes. */
export const size = 512 * MiB

/** Fills the file with `size` random bytes; returns their digest. */
export async function writeRandom(file: string): Promise<string> {
  const hash = createHash('sha256')
  const out = createWriteStream(file)
  for (let written = 0; written < size; written += 4 * MiB) {
    const bytes = randomBytes(4 * MiB)
    hash.update(bytes)
    if (!out.write(bytes)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
  return `sha256:${hash.digest('hex')}`
}

/** The time of a PUT in seconds, from its connection to the answer, as curl measures it. */
export async function putFile(registry: Registry, name: string, file: string, digest: string): Promise<number> {
  const token = await registry.token([name])
  const connection = await openConnection(registry.port)
  const location = await startUpload(connection, token, name)
  connection.close()
  const url = `http://127.0.0.1:${registry.port}${withDigest(location, digest)}`
  const said = await curl([
    '-T',
    file,
    '-H',
    'Expect:',
    '-H',
    'Content-Type: application/octet-stream',
    '-H',
    `Authorization: Bearer ${token}`,
    '-o',
    '/dev/null',
    url,
  ])
  if (said.status !== 201) throw new Error(`${registry.name} answered ${said.status} to a PUT`)
  return said.seconds
}

/** The time of a GET of all bytes to /dev/null in seconds. */
export async function getBytes(url: string, token?: string): Promise<number> {
  const head = token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`]
  const said = await curl(['-k', '-o', '/dev/null', ...head, url])
  if (said.status !== 200 || said.received !== size) throw new Error(`${url}: ${said.status}, ${said.received} bytes`)
  return said.seconds
}

async function curl(args: string[]): Promise<{ status: number; seconds: number; received: number }> {
  const said = await output('curl', ['-s', '-S', '-w', '%{http_code} %{time_total} %{size_download}', ...args])
  const [status, seconds, received] = said.split(' ').map(Number)
  return { status: status!, seconds: seconds!, received: received! }
}
