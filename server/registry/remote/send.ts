import { createHash, type Hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { algorithmOf, finishDigest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import type { Bytes } from '../../platform/blobs/blobs.ts'
import type { BlobStat, Upload } from '../registry.ts'
import { failed } from './answers.ts'
import { RemoteFailed } from './failed.ts'
import type { Line } from './line.ts'
import type { RemoteLimits, SendBlob } from './types.ts'
import { appendUpload, finishUpload, findUpload, putBlob, startUpload } from './uploads.ts'

/** Blobs up to this size go in one request of a known length; a cut one is sent again from its start. */
const smallBytes = 1024 * 1024

/**
 * Sends a blob, from the byte on that the other side has, and again from there when the line is cut. An upload that the
 * other side no longer knows is begun anew.
 */
export async function sendBlob(line: Line, name: RepositoryName, blob: SendBlob): Promise<BlobStat> {
  const { limits, signal } = line
  const again = openTries(limits)
  for (let known = blob.upload; ; known = lastOf.get(blob) ?? known) {
    const upload = await resumed(line, name, known, blob.size)
    again.reached(upload.size)
    try {
      if (upload.size === 0 && blob.size <= smallBytes) return await sendSmall(line, name, blob)
      return await sendRest(line, name, blob, upload.id === '' ? await begin(line, name, blob) : upload)
    } catch (error) {
      if (!again.isWorth(error)) throw error
      await sleep(limits.backOffMs * Math.random(), undefined, signal ? { signal } : {}).catch(() => {})
    }
  }
}

/** Bytes that count as progress: after them all tries are available again. */
const progressBytes = 64 * 1024

/** Counts the tries of one blob. */
function openTries({ tries, patienceMs }: RemoteLimits) {
  let [made, most, isShown, since] = [1, 0, false, undefined as number | undefined]
  return {
    reached(size: number) {
      if (size < most + progressBytes) return
      most = size
      made = 1
    },
    /** Whether another try can end better. What the source says about itself is final. */
    isWorth(error: unknown): boolean {
      if (!(error instanceof RemoteFailed)) return false
      const { reason, failure } = error
      if (reason === 'unauthorized' && !isShown) return (isShown = true)
      // The budget waits as long as the other side wants, and gives up by itself.
      if (reason === 'throttled' && failure.answered !== undefined) {
        since ??= performance.now()
        return performance.now() - since < patienceMs
      }
      const isOver = reason === 'rejected' && overCodes.includes(error.code)
      return (isOver || error.isPassing) && reason !== 'throttled' && made++ < tries
    },
  }
}

/** Refusals after which the blob is sent from its start: the upload is gone, or what arrived of it is damaged. */
const overCodes = ['BLOB_UPLOAD_UNKNOWN', 'BLOB_UPLOAD_INVALID', 'RANGE_INVALID', 'DIGEST_INVALID']

/** The upload of a blob that is being sent, as it was last. */
const lastOf = new WeakMap<SendBlob, string>()

/** The upload as the other side knows it; an empty id when it knows none. */
async function resumed(line: Line, name: RepositoryName, id: string | undefined, most: number): Promise<Upload> {
  if (id === undefined) return { id: '', size: 0 }
  try {
    const upload = await findUpload(line, name, id)
    return upload.size <= most ? upload : { id: '', size: 0 }
  } catch (error) {
    // Registries refuse an upload whose state they cannot go on with in several ways (404, 400, 416).
    if (!(error instanceof OciError) || (error instanceof RemoteFailed && error.reason !== 'rejected')) throw error
    return { id: '', size: 0 }
  }
}

async function begin(line: Line, name: RepositoryName, blob: SendBlob): Promise<Upload> {
  const upload = await startUpload(line, name, algorithmOf(blob.digest))
  await tell(blob, upload)
  return upload
}

async function tell(blob: SendBlob, upload: Upload): Promise<void> {
  lastOf.set(blob, upload.id)
  await blob.onUpload?.(upload)
}

async function sendSmall(line: Line, name: RepositoryName, blob: SendBlob): Promise<BlobStat> {
  const bytes = checked(await blob.open(0, line.signal), hashOf(blob), blob)
  return putBlob(line, name, blob.digest, bytes, blob.size)
}

async function sendRest(line: Line, name: RepositoryName, blob: SendBlob, begun: Upload): Promise<BlobStat> {
  let upload = begun
  const hash = upload.size === 0 ? hashOf(blob) : undefined
  if (upload.size < blob.size) {
    const parts = partsOf(checked(await blob.open(upload.size, line.signal), hash, blob, upload.size), blob.chunkBytes)
    for await (const part of parts) {
      const length = Math.min(blob.chunkBytes ?? Infinity, blob.size - upload.size)
      const reached = upload.size + length
      upload = await appendUpload(line, name, upload.id, part, { at: upload.size, length })
      if (upload.size !== reached) {
        const question = { method: 'PATCH', url: upload.id }
        throw failed(line, question, 'broken', `it kept ${upload.size} bytes of ${reached}`)
      }
      await tell(blob, upload)
    }
  }
  return finishUpload(line, name, upload.id, blob.digest, empty(), upload.size)
}

const hashOf = ({ digest, isVerified }: SendBlob) => (isVerified ? undefined : createHash(algorithmOf(digest)))

async function* empty(): Bytes & AsyncGenerator<Uint8Array> {}

/**
 * The bytes of the source from `at` on. Fails before its last byte when there are more or fewer than the blob has, or
 * when the whole blob was hashed and has another digest.
 */
async function* checked(bytes: Bytes, hash: Hash | undefined, { digest, size }: SendBlob, at = 0) {
  let count = at
  for await (const chunk of bytes) {
    count += chunk.length
    if (count > size) throw new OciError('SIZE_INVALID', `the source has more than ${size} bytes`)
    hash?.update(chunk)
    const found = count === size && hash ? finishDigest(hash, algorithmOf(digest)) : digest
    if (found !== digest) throw new OciError('DIGEST_INVALID', `the source has the digest ${found}`)
    yield chunk
  }
  if (count < size) throw new OciError('SIZE_INVALID', `the source ends at byte ${count} of ${size}`)
}

/** The bytes in parts of `most` bytes, each a stream of its own; one part without `most`. */
async function* partsOf(bytes: Bytes, most = Infinity): AsyncGenerator<Bytes> {
  const source = bytes[Symbol.asyncIterator]()
  const rest = { bytes: await nextOf(source) }
  try {
    while (rest.bytes) {
      yield (async function* () {
        for (let left = most; rest.bytes && left > 0;) {
          const piece = rest.bytes.subarray(0, left)
          left -= piece.length
          const more = rest.bytes.subarray(piece.length)
          yield piece
          rest.bytes = more.length > 0 ? more : await nextOf(source)
        }
      })()
    }
  } finally {
    await source.return?.()
  }
}

async function nextOf(source: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  for (;;) {
    const next = await source.next()
    if (next.done === true) return undefined
    if (next.value.length > 0) return next.value
  }
}
