import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3'
import { StorageUnavailable, type Bytes } from './blobs.ts'
import { ask, insist, type S3 } from './s3-client.ts'

type Uploaded = { size: number; cut?: { error: unknown } }

/**
 * Stores `head` and then all bytes of `source` under `path`: in one call when they fit into one part, else as a
 * multipart upload. `allow` is called after the last byte and before anything is visible; when it throws or returns
 * false, nothing is stored.
 */
export async function upload(
  s3: S3,
  path: string,
  { head, source, allow }: { head?: Buffer; source: Bytes; allow: (end: Uploaded) => boolean },
): Promise<Uploaded> {
  let parts: Parts | undefined
  let size = 0
  try {
    for await (const { bytes, last, cut } of gather(source, s3.partSize, head)) {
      size += bytes.length
      if (!last) {
        parts ??= await openParts(s3, path)
        await parts.add(bytes)
        continue
      }
      const end = { size, ...(cut && { cut }) }
      if (!allow(end)) break
      if (!parts) await putObject(s3, path, bytes)
      else {
        if (bytes.length > 0) await parts.add(bytes)
        await parts.complete(size)
      }
      return end
    }
    await parts?.abort()
    return { size: 0 }
  } catch (error) {
    await parts?.abort()
    throw error
  }
}

async function putObject(s3: S3, path: string, bytes: Buffer): Promise<void> {
  const command = new PutObjectCommand({ Bucket: s3.bucket, Key: path, Body: bytes, ContentLength: bytes.length })
  await insist(s3, `storing ${path}`, (client) => client.send(command))
}

export type Parts = {
  id: string
  /** Waits for the part before, then sends this one while the caller gathers the next. */
  add(bytes: Buffer): Promise<void>
  /** Notes a part that was made by a copy. */
  note(part: CompletedPart): void
  /** Makes the whole object visible. */
  complete(size: number): Promise<void>
  /** Drops all parts; listStages reports those that cannot be dropped now. */
  abort(): Promise<void>
}

export async function openParts(s3: S3, path: string): Promise<Parts> {
  const where = { Bucket: s3.bucket, Key: path }
  const created = await insist(s3, `storing ${path}`, (client) => client.send(new CreateMultipartUploadCommand(where)))
  const UploadId = created.UploadId
  if (!UploadId) throw new StorageUnavailable(`storing ${path}: the S3 server names no upload`)
  const done: CompletedPart[] = []
  let sent = 0
  let sending: Promise<void> = Promise.resolve()

  async function send(PartNumber: number, bytes: Buffer) {
    const command = new UploadPartCommand({ ...where, UploadId, PartNumber, Body: bytes, ContentLength: bytes.length })
    const { ETag } = await insist(s3, `storing ${path}`, (client) => client.send(command))
    done.push({ PartNumber, ETag })
  }

  return {
    id: UploadId,
    async add(bytes) {
      await sending
      sending = send(++sent, bytes)
      sending.catch(() => undefined) // the next add, or complete, throws the error
    },
    note: (part) => void done.push(part),
    async complete(size) {
      await sending
      const Parts = done.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0))
      const command = new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload: { Parts } })
      const options = { requestTimeout: s3.limits.copyTimeoutMs }
      if (await ask(s3, `storing ${path}`, (client) => client.send(command, options))) return
      // The upload is gone when a first try had completed it, but its answer was lost.
      if ((await sizeOf(s3, path)) !== size)
        throw new StorageUnavailable(`storing ${path}: the S3 server lost the upload`)
    },
    async abort() {
      await sending.catch(() => undefined)
      await abortUpload(s3, path, UploadId).catch(() => undefined)
    },
  }
}

export async function abortUpload(s3: S3, path: string, UploadId: string): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: s3.bucket, Key: path, UploadId })
  await ask(s3, `dropping an upload of ${path}`, (client) => client.send(command))
}

async function sizeOf(s3: S3, path: string): Promise<number | undefined> {
  const command = new HeadObjectCommand({ Bucket: s3.bucket, Key: path })
  return (await ask(s3, `looking for ${path}`, (client) => client.send(command)))?.ContentLength
}

type Gathered = { bytes: Buffer; last: boolean; cut?: { error: unknown } }

/**
 * Cuts a stream into parts of exactly `size` bytes and a last, shorter one, which may be empty and has the source's
 * error.
 */
async function* gather(source: Bytes, size: number, head?: Buffer): AsyncGenerator<Gathered> {
  let pieces: Uint8Array[] = head ? [head] : []
  let held = head?.length ?? 0
  let cut: Gathered['cut']
  const input = source[Symbol.asyncIterator]()
  try {
    while (true) {
      const next = await input.next().catch((error: unknown) => {
        cut = { error }
      })
      if (!next || next.done) break
      for (let rest = next.value; rest.length > 0;) {
        const piece = rest.subarray(0, size - held)
        rest = rest.subarray(piece.length)
        pieces.push(piece)
        held += piece.length
        if (held < size) continue
        const bytes = Buffer.concat(pieces, held)
        pieces = []
        held = 0
        yield { bytes, last: false }
      }
    }
    yield { bytes: Buffer.concat(pieces, held), last: true, ...(cut && { cut }) }
  } finally {
    await input.return?.()
  }
}
