import { setTimeout as sleep } from 'node:timers/promises'
import type { Digest } from '../../../../oci/digest.ts'
import { OciError, type OciErrorCode } from '../../../../oci/errors.ts'
import type { Bytes } from '../../../platform/blobs/blobs.ts'
import { RemoteFailed } from '../../../registry/remote/remote.ts'
import { replicator } from '../sides/side.ts'
import type { CopyRun } from './run.ts'

type Wanted = { digest: Digest; size: number }

/** Errors that no further try ends. DIGEST_INVALID does: once, from the first byte. */
const final: ReadonlySet<OciErrorCode> = new Set([
  'BLOB_UNKNOWN',
  'NAME_UNKNOWN',
  'NAME_INVALID',
  'DENIED',
  'UNAUTHORIZED',
  'SIZE_INVALID',
  'UNSUPPORTED',
  'PRECONDITION',
  'PROJECTPOLICYVIOLATION',
])

/** Copies a manifest's blobs, several at once. The first that fails ends the others. */
export async function copyBlobs(run: CopyRun, blobs: Wanted[]): Promise<void> {
  const results = await Promise.allSettled(blobs.map((one) => inPlace(run, one)))
  run.signal.throwIfAborted()
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function inPlace(run: CopyRun, blob: Wanted): Promise<void> {
  using place = await run.places.enter('blobs', run.signal)
  if (!place) throw run.signal.reason
  await copyBlob(run, blob)
}

/** Copies one blob, unless the target has it: then it is only found, or mounted from another repository. */
async function copyBlob(run: CopyRun, blob: Wanted): Promise<void> {
  const { target, to, mounts, signal, counts, held } = run
  const key = mountKey(run)
  if (held.has(blob.digest)) return
  await mounts.inTurn(key, blob.digest, signal, async () => {
    if (held.has(blob.digest)) return
    counts.blobs++
    const isThere = (await target.hasBlob(to, blob.digest)) || (await mount(run, key, blob))
    if (!isThere) await send(run, blob)
    held.add(blob.digest)
    mounts.note(key, blob.digest, to)
    run.told()
  })
}

/** Bytes of the local store are opened only for a source that has sent them once; another registry guards its own. */
function mountKey({ source, target }: CopyRun): string {
  return target.endpointId === 0 ? `0 from ${source.endpointId}` : String(target.endpointId)
}

async function mount(run: CopyRun, key: string, { digest }: Wanted): Promise<boolean> {
  const { target, to, mounts, counts } = run
  const known = mounts.find(key, digest)
  if (known === undefined || known === to) return false
  try {
    if (!(await target.registry.mountBlob(to, replicator, known, digest))) return false
  } catch (error) {
    // A registry that mounts nothing from there is no obstacle: the blob is sent.
    if (error instanceof OciError) return false
    throw error
  }
  counts.mounted++
  return true
}

/** Sends a blob, from the byte that an earlier try left. Retries what may succeed with time (S3-46). */
async function send(run: CopyRun, blob: Wanted): Promise<void> {
  const { retries, signal, log } = run
  let isFresh = false
  for (let attempt = 1; ; attempt++) {
    try {
      return await sendOnce(run, blob)
    } catch (error) {
      signal.throwIfAborted()
      const code = error instanceof OciError ? error.code : undefined
      const isSpoiled = code === 'DIGEST_INVALID'
      const isFinal = (error instanceof RemoteFailed && !error.isPassing) || (code && final.has(code))
      if (attempt >= retries.tries || isFinal || (isSpoiled && isFresh)) throw error
      // What another process had sent before may be wrong: once all of it is sent anew.
      if (isSpoiled) await run.uploads.drop(run.to, blob.digest)
      isFresh ||= isSpoiled
      const pauseMs = retries.firstMs * 2 ** (attempt - 1)
      log(`blob ${blob.digest}: ${(error as Error).message}; again in ${pauseMs / 1000} s`, 'WARNING')
      await sleep(pauseMs, undefined, { signal })
    }
  }
}

/** A smaller blob is sent anew instead of being noted in the database, in bytes. */
const worthNoting = 2 ** 20

async function sendOnce(run: CopyRun, { digest, size }: Wanted): Promise<void> {
  const { source, target, from, to, uploads, chunkBytes } = run
  const isNoted = size >= worthNoting
  const upload = isNoted ? await uploads.find(to, digest) : undefined
  if (upload !== undefined) run.log(`blob ${digest}: goes on with the bytes that have arrived`)
  let isSaved = upload !== undefined
  await target.sendBlob(to, {
    digest,
    size,
    isVerified: source.endpointId === 0,
    open: async (at) => {
      const range = at > 0 ? { start: at, end: size - 1 } : undefined
      return run.throttle.through(counting(run, await source.registry.openBlob(from, digest, range)))
    },
    ...(upload === undefined ? {} : { upload }),
    ...(chunkBytes === undefined ? {} : { chunkBytes }),
    async onUpload({ id }) {
      if (!isNoted) return
      await uploads.save(to, digest, id)
      isSaved = true
    },
  })
  if (isSaved) await uploads.drop(to, digest)
}

async function* counting(run: CopyRun, bytes: Bytes): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    run.counts.bytes += chunk.length
    run.told()
    yield chunk
  }
}
