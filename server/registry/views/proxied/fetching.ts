import { algorithmOf, hexOf } from '../../../../oci/digest.ts'
import { FileBytes } from '../../../platform/blobs/blobs.ts'
import { openThrottle } from '../../../platform/throttle.ts'
import { RemoteFailed } from '../../remote/failed.ts'
import type { Remote } from '../../remote/types.ts'
import { proxyActor } from './actor.ts'
import type { Blocks } from './blocks.ts'
import { streamOf } from './flow.ts'
import { upstreamName } from './names.ts'
import { heldBackBytes } from './spool-state.ts'
import { openSpool, type Spool } from './spool.ts'
import type { DownloadGround, Flow, WantedBlob } from './types.ts'

/** The claim on a download: it ends, or what has arrived in `file` is left for the next one who wants the blob. */
type OwnClaim = { drop(): Promise<void>; leave(file: string): Promise<void> }

/** `before`: the file of a process that began this download and has ended. */
type More = { signal: AbortSignal; pool: Blocks; claim: OwnClaim; before: string | undefined }

/**
 * Fetches a blob into a file, which clients follow and which Marina's own storage takes in the end. A client that hangs
 * up does not end it, and a storage that is full does not end the pull.
 */
export async function startFetch(
  ground: DownloadGround,
  wanted: WantedBlob,
  file: string,
  { signal, pool, claim, before }: More,
): Promise<Flow> {
  const { log, onStored } = ground
  const { blobs } = await wanted.upstream()
  const { name, digest, size } = wanted
  const spool = await openSpool(file, size, { pool, digest: ground.startDigest(algorithmOf(digest), size), before })
  const begun = Promise.withResolvers<void>()
  const arrived = fill(ground, wanted, spool, { remote: blobs.until(signal), signal, onBegun: begun.resolve })
  // Of a small blob nothing is sent before all is known to be right: then a failure is an answer, not a cut.
  const ready = size <= heldBackBytes ? arrived : Promise.race([begun.promise, arrived])
  ready.catch(() => {})
  const over = (async () => {
    try {
      await store(ground, wanted, spool, arrived)
      await claim.drop()
      onStored(wanted)
      return undefined
    } catch (error) {
      // What the upstream did wrong is told to the clients; here it is why the blob is not kept.
      log.warn({ err: error, repository: name, digest }, 'a blob of an upstream was not stored')
      await arrived.catch(() => {})
      const isCut = signal.aborted || (error instanceof RemoteFailed && error.isPassing)
      const isLeft = isCut && size > heldBackBytes
      if (isLeft) spool.keepFile()
      await (isLeft ? claim.leave(spool.file) : claim.drop()).catch(() => {})
      return error
    } finally {
      await spool[Symbol.asyncDispose]()
    }
  })()
  return {
    ready,
    over,
    reached: () => spool.reached(),
    hold: () => spool.hold(),
    follow: (...range) => spool.follow(...range),
  }
}

/**
 * Gives the storage the file, once it is whole; or, where the storage cannot take files (S3) and for a small blob, the
 * bytes as they arrive.
 */
async function store(
  { local, takesFiles }: DownloadGround,
  { name, digest, size }: WantedBlob,
  spool: Spool,
  arrived: Promise<void>,
): Promise<void> {
  if (takesFiles && size > heldBackBytes) {
    await arrived
    const bytes = new FileBytes({ path: spool.file, size, hex: hexOf(digest) })
    await local.writeBlob(name, proxyActor, digest, bytes)
    return
  }
  const stream = streamOf(spool, { start: 0, end: size - 1 }, spool.hold()!)
  try {
    await local.writeBlob(name, proxyActor, digest, stream)
  } finally {
    stream.destroy()
  }
}

/** Resolves when all bytes are in the file and have the digest. */
async function fill(
  ground: DownloadGround,
  wanted: WantedBlob,
  spool: Spool,
  { remote, signal, onBegun }: { remote: Remote; signal: AbortSignal; onBegun(): void },
): Promise<void> {
  const { name, digest, size, rules } = wanted
  const from = spool.arrived()
  const isByTls = remote.endpoint.url.startsWith('https:')
  const { passed } = openThrottle(rules.bytesPerSecond, signal)
  const take = (chunk: Buffer): Promise<void> | undefined => {
    const { length } = chunk
    if (spool.arrived() + length > size) throw wrongSize(wanted)
    const writing = spool.write(chunk)
    ground.onArrived(wanted, length, isByTls)
    const pausing = passed(length)
    return pausing ? Promise.all([writing, pausing]).then(() => {}) : writing
  }
  try {
    if (from < size || from === 0) await remote.receiveBlob(upstreamName(name), digest, { from, onBegun, take })
    if (spool.arrived() !== size) throw wrongSize(wanted)
    await spool.finish((hex) => {
      if (hex !== hexOf(digest)) throw lied(wanted, `its bytes have the digest ${algorithmOf(digest)}:${hex}`)
    })
    ground.noted(wanted, undefined)
  } catch (error) {
    spool.fail(error)
    ground.noted(wanted, error)
    throw error
  }
}

const wrongSize = (wanted: WantedBlob) => lied(wanted, `the blob has not the ${wanted.size} bytes it should`)

function lied({ rules: { upstream }, name, digest }: WantedBlob, why: string): RemoteFailed {
  const call = `GET /v2/${upstreamName(name)}/blobs/${digest}`
  return new RemoteFailed({ reason: 'lied', endpoint: upstream.name, call }, why)
}
