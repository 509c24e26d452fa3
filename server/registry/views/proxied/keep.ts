import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import { parseManifest, type Manifest } from '../../../../oci/manifest.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import { openTurns } from '../../../platform/turns.ts'
import type { ManifestRead } from '../../registry.ts'
import { proxyActor } from './actor.ts'
import { findWaiting, hasAny, listMissing, listTagsOf, listWaitingFor, noteStored } from './store.ts'
import type { Downloads, Keeper, ProxyLent, WantedBlob } from './types.ts'

type KeepGround = Pick<ProxyLent, 'db' | 'reader' | 'local' | 'log'>

/** How many blobs that no client has asked for yet are fetched at once. */
const atOnce = 2

/** How long the rest of an image may wait for its turn, in ms; then the next pull asks for it again. */
const waitMs = 3_600_000

export function openKeeper(ground: KeepGround, downloads: () => Downloads): Keeper {
  const { db, log } = ground
  const turns = openTurns({ atOnce, waitMs })
  /** Blobs that are fetched for completeness, not for a client. */
  const completing = new Set<string>()
  const underWay = new Set<Promise<void>>()

  const behind = (what: string, about: object, work: Promise<void>) => {
    const done: Promise<void> = work
      .catch((error: unknown) => log.warn({ err: error, ...about }, what))
      .finally(() => void underWay.delete(done))
    underWay.add(done)
  }

  return {
    saved: (name, read) =>
      behind('a manifest of an upstream was not kept', { repository: name }, considerManifest(ground, name, read)),
    stored(wanted) {
      const { name, digest } = wanted
      const about = { repository: name, digest }
      behind('an image of an upstream was not kept', about, keepThoseWith(ground, name, digest))
      if (!completing.has(`${name}@${digest}`)) behind('an image was not completed', about, complete(wanted))
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }

  /** Fetches the other blobs of the images whose layer was just stored: who asked for one is pulling the image. */
  async function complete(wanted: WantedBlob): Promise<void> {
    const missing = await listMissing(db, wanted.name, wanted.digest)
    await Promise.all(missing.map((one) => fetchBehind({ ...wanted, ...one })))
  }

  async function fetchBehind(wanted: WantedBlob): Promise<void> {
    const key = `${wanted.name}@${wanted.digest}`
    if (completing.has(key)) return
    completing.add(key)
    try {
      await turns.take('all', () => downloads().fetch(wanted))
    } finally {
      completing.delete(key)
    }
  }
}

/** An artifact as soon as its parts are here: perhaps at once, where only its tag or its config is new. */
async function considerManifest(ground: KeepGround, name: RepositoryName, read: ManifestRead): Promise<void> {
  const manifest = parsed(read)
  if (!manifest) return
  const { kind, children } = manifest
  const digests = children.map(({ digest }) => digest)
  if (kind === 'index' && !(await hasAny(ground.db, name, digests))) return
  await keepManifest(ground, name, read)
}

async function keepThoseWith(ground: KeepGround, name: RepositoryName, part: Digest): Promise<void> {
  for (const { digest } of await listWaitingFor(ground.db, name, part)) {
    const read = (await findWaiting(ground.reader, name, digest)) ?? (await readLocal(ground, name, digest))
    if (read) await keepManifest(ground, name, read)
  }
}

/** Stores the manifest with its tags, then the indexes that name it. Does nothing while a blob is missing. */
async function keepManifest(ground: KeepGround, name: RepositoryName, read: ManifestRead): Promise<void> {
  const { db, local } = ground
  const { digest, mediaType: contentType, content } = read
  const write = async (tags: Awaited<ReturnType<typeof listTagsOf>>) => {
    // Children of an index come when somebody asks for them.
    const push = { reference: { digest }, tags, contentType, content, isSparse: true }
    await local.writeManifest(name, proxyActor, push)
  }
  try {
    await write(await listTagsOf(db, name, digest)).catch((error: unknown) => {
      // A tag that a rule holds fast stays where it is; the artifact is kept without it.
      if (error instanceof OciError && error.code === 'PRECONDITION') return write([])
      throw error
    })
  } catch (error) {
    const isIncomplete = error instanceof OciError && ['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_INVALID'].includes(error.code)
    if (isIncomplete) return
    throw error
  }
  await noteStored(db, name, digest)
  await keepThoseWith(ground, name, digest)
}

async function readLocal({ local }: KeepGround, name: RepositoryName, digest: Digest) {
  try {
    return await local.readManifest(name, { digest })
  } catch (error) {
    if (error instanceof OciError && error.status === 404) return undefined
    throw error
  }
}

/** Undefined for a manifest that Marina cannot read: it is passed on, and not kept as an artifact. */
export function parsed({ content, mediaType }: Pick<ManifestRead, 'content' | 'mediaType'>): Manifest | undefined {
  try {
    return parseManifest(content, mediaType)
  } catch {
    return undefined
  }
}
