import { OciError } from '../../../../oci/errors.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import { algorithmOf } from '../../../../oci/digest.ts'
import type { Bytes } from '../../../platform/blobs/blobs.ts'
import type { Registry, Upload } from '../../../registry/registry.ts'
import type { SendBlob } from '../../../registry/remote/remote.ts'
import { replicator } from './side.ts'

/** Bytes that are made durable at a time: what a killed process loses of a blob at most. */
const pieceBytes = 16 * 2 ** 20

/**
 * Writes a blob into Marina itself. One of more than a piece goes through an upload, whose state is durable after each
 * piece: another process goes on from there. Throws the source's error, DIGEST_INVALID or SIZE_INVALID.
 */
export async function sendLocally(
  registry: Registry,
  name: RepositoryName,
  blob: SendBlob,
  signal: AbortSignal,
): Promise<void> {
  const { digest, size, open } = blob
  if (size <= pieceBytes && !blob.upload) {
    await registry.writeBlob(name, replicator, digest, counted(await open(0, signal), size))
    return
  }
  let upload = await resumed(registry, name, blob)
  await blob.onUpload?.(upload)
  if (upload.size < size) {
    const pieces = inPieces(await open(upload.size, signal), pieceBytes)
    for await (const piece of pieces) {
      signal.throwIfAborted()
      upload = await registry.appendUpload(name, upload.id, piece, upload.size)
      if (upload.size > size) break
      await blob.onUpload?.(upload)
    }
  }
  if (upload.size !== size) {
    await registry.cancelUpload(name, upload.id)
    throw wrongSize(size, upload.size)
  }
  await registry.finishUpload(name, upload.id, replicator, digest, nothing(), size)
}

/** The upload that an earlier try began, if it still exists; else a new one. */
async function resumed(registry: Registry, name: RepositoryName, { upload, digest }: SendBlob): Promise<Upload> {
  const known = upload === undefined ? undefined : await registry.findUpload(name, upload).catch(unlessUnknown)
  return known ?? registry.startUpload(name, replicator, algorithmOf(digest))
}

function unlessUnknown(error: unknown): undefined {
  if (error instanceof OciError && error.code === 'BLOB_UPLOAD_UNKNOWN') return undefined
  throw error
}

const wrongSize = (wanted: number, got: number) =>
  new OciError('SIZE_INVALID', `the manifest says that the blob has ${wanted} bytes; the source sent ${got}`)

/** Throws when the source sends more or fewer bytes than the manifest says. */
async function* counted(bytes: Bytes, size: number): AsyncGenerator<Uint8Array> {
  let count = 0
  for await (const chunk of bytes) {
    count += chunk.length
    if (count > size) throw wrongSize(size, count)
    yield chunk
  }
  if (count !== size) throw wrongSize(size, count)
}

/** Splits a stream; each piece has to be read to its end before the next is asked for. */
async function* inPieces(bytes: Bytes, most: number): AsyncGenerator<AsyncGenerator<Uint8Array>> {
  const chunks = bytes[Symbol.asyncIterator]()
  let rest: Uint8Array | undefined
  const next = async () => {
    if (rest) return rest
    const read = await chunks.next()
    return read.done === true ? undefined : (rest = read.value)
  }
  async function* piece(): AsyncGenerator<Uint8Array> {
    for (let room = most; room > 0;) {
      const chunk = await next()
      if (!chunk) return
      const part = chunk.subarray(0, room)
      rest = chunk.length > part.length ? chunk.subarray(part.length) : undefined
      room -= part.length
      yield part
    }
  }
  try {
    while (await next()) yield piece()
  } finally {
    await chunks.return?.()
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
