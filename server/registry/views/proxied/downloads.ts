import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { hexOf, type Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import type { BlobStream, ByteRange } from '../../../platform/blobs/blobs.ts'
import { every } from '../../../platform/repeat.ts'
import { claimDownload, dropDownload, leaseMs, renewDownloads } from './claims.ts'
import { startFetch } from './fetching.ts'
import { DownloadLost, startFollow } from './following.ts'
import { proxyActor } from './keep.ts'
import { findHolder } from './store.ts'
import type { CacheRules } from './rules.ts'
import type { CacheProject, ProxyLent, Upstream } from './types.ts'

/** A blob of the upstream. `name`: its repository here; `size` in bytes. */
export type WantedBlob = {
  project: CacheProject
  rules: CacheRules
  name: RepositoryName
  digest: Digest
  size: number
  /** Throws while the upstream is left alone. */
  upstream(): Promise<Upstream>
}

/** Bytes on their way: fetched by this process, or by another one that this process follows. */
export interface Flow {
  /** Resolves when the first bytes are there, of a small blob all; rejects when the upstream has none. */
  ready: Promise<void>
  /** Resolves when all is over: with undefined when the blob is stored here, else with the reason. Never rejects. */
  over: Promise<unknown>
  /** Keeps the bytes for a reader until the returned function is called. */
  hold(): () => void
  follow(start: number, end: number): AsyncIterable<Buffer>
}

/** Downloads of blobs. Each blob is fetched once for all callers of all processes. */
export interface Downloads {
  /** The bytes of a blob, or of a range of it, as they arrive. */
  open(wanted: WantedBlob, range?: ByteRange): Promise<BlobStream>
  /** Fetches a blob unless it is here; resolves when it is stored. */
  fetch(wanted: WantedBlob): Promise<void>
  /** The size of a blob that this process is fetching, in bytes. */
  sizeOf(name: RepositoryName, digest: Digest): number | undefined
  /** Gives up all downloads. */
  [Symbol.asyncDispose](): Promise<void>
}

export type DownloadGround = Pick<ProxyLent, 'db' | 'reader' | 'local' | 'limits' | 'dir' | 'log'> & {
  /** Told of the end of a call of an upstream. */
  noted(wanted: WantedBlob, error: unknown): void
  /** Told of each blob that is stored. */
  onStored(wanted: WantedBlob): void
  onFetched(wanted: WantedBlob, bytes: number): void
}

/** How often a caller joins a download that is lost before its first byte. */
const looks = 5

type Entry = { wanted: WantedBlob; flow: Promise<Flow | 'here'> }

export function openDownloads(ground: DownloadGround): Downloads {
  const { db, local, dir, log } = ground
  const owner = randomUUID()
  const entries = new Map<string, Entry>()
  const closing = new AbortController()
  const renewing = every(
    leaseMs / 5,
    async () => void (entries.size > 0 && (await renewDownloads(db.relaxed, owner))),
    (error) => log.warn({ err: error }, 'the claims on downloads were not renewed'),
  )

  /** Joins the download of this blob, or begins it. */
  const joined = (wanted: WantedBlob): Promise<Flow | 'here'> => {
    const key = `${wanted.name}@${wanted.digest}`
    const known = entries.get(key)
    if (known) return known.flow
    const entry: Entry = { wanted, flow: begin(wanted) }
    entries.set(key, entry)
    const forget = () => void (entries.get(key) === entry && entries.delete(key))
    entry.flow.then((flow) => (flow === 'here' ? forget() : void flow.over.then(forget)), forget)
    return entry.flow
  }

  const begin = async (wanted: WantedBlob): Promise<Flow | 'here'> => {
    if (closing.signal.aborted) throw new OciError('UNAVAILABLE', 'Marina is ending')
    if (await isMounted(ground, wanted)) {
      ground.onStored(wanted)
      return 'here'
    }
    await mkdir(dir, { recursive: true })
    const file = join(dir, `${hexOf(wanted.digest).slice(0, 16)}-${randomUUID()}`)
    const claim = await claimed(ground, owner, file, wanted)
    if (claim.kind === 'theirs') return startFollow(ground, wanted, claim.file, closing.signal)
    const { name, digest } = wanted
    const drop = () => dropDownload(db, owner, name, digest)
    try {
      return await startFetch(ground, wanted, file, { signal: closing.signal, drop })
    } catch (error) {
      await drop()
      throw error
    }
  }

  const open = async (wanted: WantedBlob, range?: ByteRange): Promise<BlobStream> => {
    for (let look = 1; ; look++) {
      const flow = await joined(wanted)
      if (flow === 'here') return local.openBlob(wanted.name, wanted.digest, range)
      const release = flow.hold()
      try {
        await flow.ready
        return streamOf(flow, range ?? { start: 0, end: wanted.size - 1 }, release)
      } catch (error) {
        release()
        // The other process has ended or failed, and this client has no byte yet: this process fetches the blob.
        if (!(error instanceof DownloadLost) || look === looks) throw error
        await flow.over
      }
    }
  }

  return {
    open,
    async fetch(wanted) {
      const flow = await joined(wanted)
      if (flow === 'here') return
      await flow.ready
      const failure = await flow.over
      if (failure !== undefined) throw failure
    },
    sizeOf: (name, digest) => entries.get(`${name}@${digest}`)?.wanted.size,
    async [Symbol.asyncDispose]() {
      closing.abort()
      await renewing[Symbol.asyncDispose]()
      const all = await Promise.allSettled([...entries.values()].map(({ flow }) => flow))
      await Promise.all(
        all.map((one) => (one.status === 'fulfilled' && one.value !== 'here' ? one.value.over : undefined)),
      )
    },
  }
}

function streamOf(flow: Flow, { start, end }: ByteRange, release: () => void): BlobStream {
  const stream = Readable.from(flow.follow(start, end), { objectMode: false, highWaterMark: 2 ** 18 })
  stream.once('close', release)
  return stream
}

/** Takes the blob from another repository of the same project, if one has it. */
async function isMounted({ db, local }: DownloadGround, { project, name, digest }: WantedBlob): Promise<boolean> {
  const holder = await findHolder(db, project.id, digest, name)
  if (holder === undefined) return false
  // Its own bytes may be missing or wrong: then they are fetched anew.
  const taken = holder === name ? local.statBlob(name, digest) : local.mountBlob(name, proxyActor, holder, digest)
  return taken.then(Boolean, () => false)
}

/** How often a caller looks whether the project may have another download, in ms. */
const lookMs = 50

/** Waits for a place among the project's downloads. Throws TOOMANYREQUESTS, as Harbor does at once. */
async function claimed({ db, limits }: DownloadGround, owner: string, file: string, wanted: WantedBlob) {
  const { project, rules, name: repository, digest } = wanted
  const asked = { projectId: project.id, repository, digest, most: rules.downloads }
  for (const until = performance.now() + limits.waitMs; ; await sleep(lookMs)) {
    const claim = await claimDownload(db, owner, file, asked)
    if (claim.kind !== 'full') return claim
    if (performance.now() > until) {
      const why = `the project ${project.name} fetches ${rules.downloads} blobs of its upstream already: try again later`
      throw new OciError('TOOMANYREQUESTS', why, { headers: { 'retry-after': '1' } })
    }
  }
}
