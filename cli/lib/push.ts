import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Send } from '../../api/client.ts'
import { digestOf } from '../../oci/digest.ts'
import { ociManifest } from '../../oci/media-type.ts'
import type { Place } from './place.ts'
import { Problem } from './problem.ts'
import { openTransport } from './transport.ts'

/** Bytes of one request. */
const chunkBytes = 16 * 2 ** 20

type Descriptor = { mediaType: string; digest: string; size: number; annotations?: Record<string, string> }
type Target = { repository: string; tag: string; artifactType: string }

/**
 * Pushes files as the layers of one OCI artifact (OCI Distribution Specification 1.1), and returns its digest. A folder
 * becomes a compressed tar. Throws Problem with what the server says.
 */
export async function pushFiles(
  place: Place,
  { repository, tag, artifactType }: Target,
  paths: string[],
): Promise<string> {
  const ask = openRegistry(place, repository)
  const layers: Descriptor[] = []
  const empty = Buffer.from('{}')
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(empty), size: empty.length }
  const folder = await mkdtemp(join(tmpdir(), 'marina-push-'))
  try {
    for (const path of paths) layers.push(await pushOne(ask, path, folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  await pushChunks(ask, config.digest, [empty])
  const content = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, artifactType, config, layers }),
  )
  await ask('PUT', `manifests/${tag}`, content, { 'content-type': ociManifest })
  return digestOf(content)
}

type Ask = (
  method: string,
  path: string,
  body?: Buffer<ArrayBuffer>,
  headers?: Record<string, string>,
) => Promise<Answer>
type Answer = { status: number; location: string }

function openRegistry(place: Place, repository: string): Ask {
  const send: Send = openTransport(place)
  const { url, login, timeoutMs } = place
  const authorization: Record<string, string> = login
    ? { authorization: `Basic ${Buffer.from(`${login.name}:${login.password}`).toString('base64')}` }
    : {}
  return async (method, path, body, headers = {}) => {
    const target =
      path.startsWith('/') || path.startsWith('http') ? new URL(path, url).href : `${url}/v2/${repository}/${path}`
    const answer = await send(target, {
      method,
      headers: { ...authorization, 'content-length': String(body?.length ?? 0), ...headers },
      ...(body ? { body } : {}),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await answer.text()
    if (answer.status > 299 && !(method === 'HEAD' && answer.status === 404))
      throw new Problem(`${repository} cannot be pushed: ${messageIn(text) ?? `the server answered ${answer.status}`}`)
    return { status: answer.status, location: answer.headers.get('location') ?? '' }
  }
}

function messageIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { errors?: { message?: string }[] }).errors?.[0]?.message
  } catch {
    return undefined
  }
}

async function pushOne(ask: Ask, path: string, folder: string): Promise<Descriptor> {
  const isFolder = (await stat(path)).isDirectory()
  const file = isFolder ? join(folder, 'folder.tar.gz') : path
  if (isFolder) await packFolder(path, file)
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  const digest = `sha256:${hash.digest('hex')}`
  const { size } = await stat(file)
  if ((await ask('HEAD', `blobs/${digest}`)).status === 404) await pushChunks(ask, digest, chunksOf(file))
  const title = `${basename(path)}${isFolder ? '.tar.gz' : ''}`
  return {
    mediaType: isFolder ? 'application/vnd.oci.image.layer.v1.tar+gzip' : 'application/octet-stream',
    digest,
    size,
    annotations: { 'org.opencontainers.image.title': title },
  }
}

async function* chunksOf(path: string): AsyncGenerator<Buffer<ArrayBuffer>> {
  await using file = await open(path)
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

async function pushChunks(
  ask: Ask,
  digest: string,
  chunks: Iterable<Buffer<ArrayBuffer>> | AsyncIterable<Buffer<ArrayBuffer>>,
): Promise<void> {
  let { location } = await ask('POST', 'blobs/uploads/')
  for await (const chunk of chunks)
    ({ location } = await ask('PATCH', location, chunk, { 'content-type': 'application/octet-stream' }))
  await ask('PUT', `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`)
}

/** All files of the folder, in the order of their names. */
async function packFolder(folder: string, target: string): Promise<void> {
  const { default: tar } = await import('tar-stream')
  const pack = tar.pack()
  const written = pipeline(pack, createGzip(), createWriteStream(target))
  const fill = async () => {
    const found = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const path of found.flatMap((one) => (one.isFile() ? [join(one.parentPath, one.name)] : [])).toSorted()) {
      const { size } = await stat(path)
      const entry = pack.entry({ name: relative(folder, path), size, mtime: new Date(0) })
      await pipeline(createReadStream(path), entry)
    }
    pack.finalize()
  }
  await Promise.all([
    written,
    fill().catch((error: unknown) => {
      pack.destroy(error as Error)
      throw error
    }),
  ])
}
