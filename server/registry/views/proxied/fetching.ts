import { setTimeout as sleep } from 'node:timers/promises'
import { RemoteFailed } from '../../remote/failed.ts'
import type { Remote } from '../../remote/types.ts'
import { proxyActor } from './actor.ts'
import type { Blocks } from './blocks.ts'
import { openFeed, type Feed } from './feed.ts'
import { upstreamName } from './names.ts'
import { heldBackBytes, openSpool, type Spool } from './spool.ts'
import type { DownloadGround, Flow, WantedBlob } from './types.ts'

/** `drop` gives the claim on the download back. */
type More = { signal: AbortSignal; pool: Blocks; drop(): Promise<void> }

/**
 * Fetches a blob: from the upstream into Marina's own storage, and into a file, which clients follow. A client that
 * hangs up does not end it, and a storage that is full does not end the pull.
 */
export async function startFetch(
  ground: DownloadGround,
  wanted: WantedBlob,
  file: string,
  { signal, pool, drop }: More,
): Promise<Flow> {
  const { log, onStored } = ground
  const { blobs } = await wanted.upstream()
  const { name, digest, size } = wanted
  const spool = await openSpool(file, size, pool)
  const begun = Promise.withResolvers<void>()
  const feed = openFeed()
  const arrived = fill(ground, wanted, { spool, feed }, { remote: blobs.until(signal), signal, onBegun: begun.resolve })
  // Of a small blob nothing is sent before all is known to be right: then a failure is an answer, not a cut.
  const ready = size <= heldBackBytes ? arrived : Promise.race([begun.promise, arrived])
  ready.catch(() => {})
  const stored = ground.local.writeBlob(name, proxyActor, digest, feed.stream)
  // A storage that has given up must not hold up the download.
  stored.catch(() => feed.stream.destroy())
  const over = (async () => {
    try {
      await stored
      await drop()
      onStored(wanted)
      return undefined
    } catch (error) {
      // What the upstream did wrong is told to the clients; here it is why the blob is not kept.
      log.warn({ err: error, repository: name, digest }, 'a blob of an upstream was not stored')
      await arrived.catch(() => {})
      await drop().catch(() => {})
      return error
    } finally {
      feed.stream.destroy()
      await spool[Symbol.asyncDispose]()
    }
  })()
  return { ready, over, hold: () => spool.hold(), follow: (...range) => spool.follow(...range) }
}

/** Resolves when all bytes are in the file and have the digest. */
async function fill(
  ground: DownloadGround,
  wanted: WantedBlob,
  { spool, feed }: { spool: Spool; feed: Feed },
  { remote, signal, onBegun }: { remote: Remote; signal: AbortSignal; onBegun(): void },
): Promise<void> {
  const { name, digest, size, rules } = wanted
  let count = 0
  try {
    // Fails before its end unless the bytes have the digest.
    const bytes = (await remote.openBlob(upstreamName(name), digest)) as AsyncIterable<Buffer>
    onBegun()
    const begunAt = performance.now()
    for await (const chunk of bytes) {
      if (count + chunk.length > size) throw wrongSize(wanted)
      await spool.write(chunk)
      await feed.take(chunk)
      count += chunk.length
      ground.onArrived(wanted, chunk.length)
      await pace(begunAt, count, rules.bytesPerSecond, signal)
    }
    if (count !== size) throw wrongSize(wanted)
    feed.end()
    await spool.finish()
    ground.noted(wanted, undefined)
  } catch (error) {
    spool.fail(error)
    feed.fail(error)
    ground.noted(wanted, error)
    throw error
  }
}

/** Pauses shorter than this are left out, in ms. */
const leastPauseMs = 20

async function pace(begunAt: number, count: number, bytesPerSecond: number, signal: AbortSignal): Promise<void> {
  if (bytesPerSecond === 0) return
  const early = begunAt + (count * 1000) / bytesPerSecond - performance.now()
  if (early > leastPauseMs) await sleep(early, undefined, { signal })
}

function wrongSize({ rules: { upstream }, name, digest, size }: WantedBlob): RemoteFailed {
  const call = `GET /v2/${upstreamName(name)}/blobs/${digest}`
  return new RemoteFailed(
    { reason: 'lied', endpoint: upstream.name, call },
    `the blob has not the ${size} bytes it should`,
  )
}
