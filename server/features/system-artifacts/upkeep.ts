import type { Digest } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Db } from '../../platform/db/db.ts'
import { linksPrefix, parseLink, type Place } from './rules.ts'
import { databaseNow, findRecord, listOld, pageOfRecords, type SystemArtifact } from './store.ts'

/** Which of its own artifacts a vendor lets go now. */
type Criteria = { list(): Promise<SystemArtifact[]> }

/** A thing in storage that no record knows. `text` is Harbor's `<repository>:<digest>`. */
type Untracked = Place & { digest: Digest; text: string; modifiedAt: Date }

export type Upkeep = {
  /** In storage without a record; those written less than `ageMs` ago may be on their way in and are left out. */
  findUntracked(ageMs?: number): AsyncIterable<Untracked>
  /** Records whose bytes are gone. */
  findStale(): AsyncIterable<SystemArtifact>
  /** A vendor decides itself when artifacts of a type go; without, they go at an age. */
  registerCleanup(vendor: string, type: string, criteria: Criteria): void
  /** Removes what may go, vendor by vendor; one that fails is told to `onTrouble` and stops no other. */
  cleanup(options: {
    signal: AbortSignal
    onTrouble(vendor: string, error: unknown): void
  }): Promise<{ deleted: number; bytes: number }>
  /** Both passes: removes untracked bytes from storage, and records whose bytes are gone. */
  reconcile(options: { signal: AbortSignal; ageMs?: number }): Promise<{ untracked: number; stale: number }>
}

type Options = {
  db: Db
  blobs: Blobs
  /** Age at which the cleanup takes what has no criteria of its own, in ms. */
  ttlMs: number
  remove(repository: string, digest: Digest): Promise<SystemArtifact | undefined>
  removeBytes(place: Place, digest: Digest, options: { dooms: boolean }): Promise<void>
}

/** What is in storage without a record for less than this, in ms, may be about to get one. */
const youngMs = 3_600_000
/** Records looked at, or removed, per step. */
const page = 200

/** Removes what nobody fetches, and what storage and records disagree about. */
export function openUpkeep({ db, blobs, ttlMs, remove, removeBytes }: Options): Upkeep {
  const criteria = new Map<string, { vendor: string; type: string; list: Criteria['list'] }>()

  return {
    findUntracked,
    findStale,
    registerCleanup: (vendor, type, { list }) => void criteria.set(`${vendor}/${type}`, { vendor, type, list }),
    cleanup,
    reconcile,
  }

  async function* findUntracked(ageMs = youngMs): AsyncIterable<Untracked> {
    const before = (await databaseNow(db)).getTime() - ageMs
    for await (const { key, modifiedAt } of blobs.list(linksPrefix)) {
      const link = parseLink(key)
      if (!link || modifiedAt.getTime() > before || (await findRecord(db, link.repository, link.digest))) continue
      yield { ...link, text: `${link.repository}:${link.digest}`, modifiedAt }
    }
  }

  async function* findStale(): AsyncIterable<SystemArtifact> {
    for (let after = 0; ;) {
      const records = await pageOfRecords(db, after, page)
      for (const record of records) if (!(await blobs.find(blobPath(record.digest)))) yield record
      if (records.length < page) return
      after = records.at(-1)!.id
    }
  }

  async function cleanup({ signal, onTrouble }: Parameters<Upkeep['cleanup']>[0]) {
    const before = new Date((await databaseNow(db)).getTime() - ttlMs)
    const totals = { deleted: 0, bytes: 0 }
    const removeAll = async (records: SystemArtifact[]) => {
      for (const { repository, digest } of records) {
        signal.throwIfAborted()
        const gone = await remove(repository, digest)
        if (gone) totals.deleted++
        totals.bytes += gone?.size ?? 0
      }
      return records.length
    }
    const own = [...criteria.values()]
    const attempt = (name: string, work: () => Promise<unknown>) =>
      work().catch((error: unknown) => {
        signal.throwIfAborted()
        onTrouble(name, error)
      })
    for (const { vendor, list } of own) await attempt(vendor, async () => removeAll(await list()))
    await attempt('default', async () => {
      while ((await removeAll(await listOld(db, before, own, page))) === page);
    })
    return totals
  }

  async function reconcile({ signal, ageMs = youngMs }: { signal: AbortSignal; ageMs?: number }) {
    const totals = { untracked: 0, stale: 0 }
    for await (const one of findUntracked(ageMs)) {
      signal.throwIfAborted()
      await removeBytes(one, one.digest, { dooms: true })
      totals.untracked++
    }
    for await (const { repository, digest } of findStale()) {
      signal.throwIfAborted()
      if (await remove(repository, digest)) totals.stale++
    }
    return totals
  }
}
