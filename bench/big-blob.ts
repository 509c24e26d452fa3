/** One blob of 512 MiB, sent and received by curl. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { headerOf, openConnection } from './connection.ts'
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
  const said = await sendFile(registry, token, withDigest(await beginUpload(registry, token, name), digest), file)
  if (said.status !== 201) throw new Error(`${registry.name} answered ${said.status} to a PUT`)
  return said.seconds
}

/** The time of a PATCH with all bytes and of the empty PUT that ends the upload, as docker pushes, in seconds. */
export async function patchFile(registry: Registry, name: string, file: string, digest: string): Promise<number> {
  const token = await registry.token([name])
  const headers = path.join(path.dirname(file), 'patch-headers')
  const more = ['-X', 'PATCH', '-D', headers]
  const patched = await sendFile(registry, token, await beginUpload(registry, token, name), file, more)
  if (patched.status !== 202) throw new Error(`${registry.name} answered ${patched.status} to a PATCH`)
  const location = headerOf(await readFile(headers, 'latin1'), 'location')!
  const { pathname, search } = new URL(location, 'http://localhost')
  const end = withDigest(pathname + search, digest)
  const put = await sendFile(registry, token, end, '/dev/null', ['-X', 'PUT'])
  if (put.status !== 201) throw new Error(`${registry.name} answered ${put.status} to the PUT after a PATCH`)
  return patched.seconds + put.seconds
}

async function beginUpload(registry: Registry, token: string, name: string): Promise<string> {
  const connection = await openConnection(registry.port)
  const location = await startUpload(connection, token, name)
  connection.close()
  return location
}

function sendFile(registry: Registry, token: string, target: string, file: string, more: string[] = []) {
  const headers = ['Expect:', 'Content-Type: application/octet-stream', `Authorization: Bearer ${token}`]
  const url = `http://127.0.0.1:${registry.port}${target}`
  return curl([...more, '-T', file, ...headers.flatMap((one) => ['-H', one]), '-o', '/dev/null', url])
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
