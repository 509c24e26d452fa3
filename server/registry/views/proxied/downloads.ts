import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hexOf } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import type { BlobStream, ByteRange } from '../../../platform/blobs/blobs.ts'
import { every } from '../../../platform/repeat.ts'
import { proxyActor } from './actor.ts'
import { openBlocks, type Blocks } from './blocks.ts'
import { claimDownload, dropDownload, leaseMs, leaveDownload, renewDownloads } from './claims.ts'
import { startFetch } from './fetching.ts'
import { streamOf } from './flow.ts'
import { DownloadLost, startFollow } from './following.ts'
import { findHolder } from './store.ts'
import { storedFlow } from './stored-flow.ts'
import { followOn } from './taken-over.ts'
import type { DownloadGround, Downloads, Flow, WantedBlob } from './types.ts'

/** How often a caller joins a download that is lost before its first byte. */
const looks = 5

/** The downloads of this process; `owner` is its name in their claims. */
type State = {
  ground: DownloadGround
  owner: string
  entries: Map<string, { wanted: WantedBlob; flow: Promise<Flow | 'here'> }>
  signal: AbortSignal
  pool: Blocks
}

export function openDownloads(ground: DownloadGround): Downloads {
  const closing = new AbortController()
  const state: State = { ground, owner: randomUUID(), entries: new Map(), signal: closing.signal, pool: openBlocks() }
  const { entries, owner } = state
  const renewing = every(
    leaseMs / 5,
    async () => void (entries.size > 0 && (await renewDownloads(ground.db.relaxed, owner))),
    (error) => ground.log.warn({ err: error }, 'the claims on downloads were not renewed'),
  )
  return {
    open: (wanted, range) => open(state, wanted, range),
    fetch: (wanted) => fetchOnly(state, wanted),
    sizeOf: (name, digest) => entries.get(`${name}@${digest}`)?.wanted.size,
    async [Symbol.asyncDispose]() {
      closing.abort()
      await renewing[Symbol.asyncDispose]()
      await Promise.allSettled([...entries.values()].map(({ flow }) => overOf(flow)))
    },
  }
}

async function overOf(flow: Promise<Flow | 'here'>): Promise<void> {
  const found = await flow
  if (found !== 'here') await found.over
}

async function fetchOnly(state: State, wanted: WantedBlob): Promise<void> {
  for (let look = 1; ; look++) {
    const flow = await joined(state, wanted)
    if (flow === 'here') return
    const failure = await flow.over
    if (failure === undefined) return
    if (!(failure instanceof DownloadLost) || look === looks) throw failure
  }
}

async function open(state: State, wanted: WantedBlob, range?: ByteRange): Promise<BlobStream> {
  for (let look = 1; ; look++) {
    const flow = await joined(state, wanted)
    if (flow === 'here') return state.ground.local.openBlob(wanted.name, wanted.digest, range)
    const reader = followOn(flow, async () => {
      const next = await joined(state, wanted)
      return next === 'here' ? storedFlow(state.ground, wanted) : next
    })
    if (!reader) {
      await flow.over
      continue
    }
    try {
      await flow.ready
      return streamOf(reader, range ?? { start: 0, end: wanted.size - 1 }, reader.release)
    } catch (error) {
      reader.release()
      // The other process has ended or failed, and this client has no byte yet: this process fetches the blob.
      if (!(error instanceof DownloadLost) || look === looks) throw error
      await flow.over
    }
  }
}

/** Joins the download of this blob, or begins it. */
function joined(state: State, wanted: WantedBlob): Promise<Flow | 'here'> {
  const { entries } = state
  const key = `${wanted.name}@${wanted.digest}`
  const known = entries.get(key)
  if (known) return known.flow
  const entry = { wanted, flow: begin(state, wanted) }
  entries.set(key, entry)
  const forget = () => void (entries.get(key) === entry && entries.delete(key))
  // Before any reader of it goes on: whoever hears of its end begins a new one.
  entry.flow.then((flow) => (flow === 'here' ? forget() : void flow.over.then(forget)), forget)
  return entry.flow
}

async function begin({ ground, owner, signal, pool }: State, wanted: WantedBlob): Promise<Flow | 'here'> {
  const { db, dir } = ground
  if (signal.aborted) throw new OciError('UNAVAILABLE', 'Marina is ending')
  if (await isMounted(ground, wanted)) {
    ground.onStored(wanted)
    return 'here'
  }
  await mkdir(dir, { recursive: true })
  const { name, digest } = wanted
  const file = join(dir, `${hexOf(digest).slice(0, 16)}-${randomUUID()}`)
  const claim = await claimed(ground, owner, file, wanted)
  if (claim.kind === 'theirs') return startFollow(ground, wanted, claim.file, signal)
  const before = ownFile(dir, claim.before)
  const own = {
    drop: () => dropDownload(db, owner, name, digest),
    leave: (left: string) => leaveDownload(db, { owner, repository: name, digest, file: left }),
  }
  try {
    // Another process may have stored the blob and dropped its claim since this one looked.
    if (await isMounted(ground, wanted)) {
      await own.drop()
      ground.onStored(wanted)
      return 'here'
    }
    return await startFetch(ground, wanted, file, { signal, pool, claim: own, before })
  } catch (error) {
    await (before ? own.leave(before) : own.drop())
    throw error
  }
}

/** Only a file of ours and our siblings: a path of the database opens no other file. */
const ownFile = (dir: string, file: string | null) => (file !== null && dirname(file) === dir ? file : undefined)

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
      const why = `${project.name} fetches ${rules.downloads} blobs of its upstream already: try again later`
      throw new OciError('TOOMANYREQUESTS', why, { headers: { 'retry-after': '1' } })
    }
  }
}
