import type { Digest } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Db } from '../../platform/db/db.ts'
import { linksPrefix, parseLink, type Place } from './rules.ts'
import { databaseNow, findRecord, listOld, pageOfRecords, type SystemArtifact } from './store.ts'

/** A vendor's own choice of its artifacts that can be deleted now. */
type Criteria = { list(): Promise<SystemArtifact[]> }

/** A link in storage without a record. `text` is Harbor's `<repository>:<digest>`. */
type Untracked = Place & { digest: Digest; text: string; modifiedAt: Date }

export type Upkeep = {
  /** Links without a record. Those younger than `ageMs` are left out: their record may be about to be written. */
  findUntracked(ageMs?: number): AsyncIterable<Untracked>
  /** Records whose bytes are gone. */
  findStale(): AsyncIterable<SystemArtifact>
  /** Gives a vendor's artifacts of one type criteria of their own; all others are deleted by age. */
  registerCleanup(vendor: string, type: string, criteria: Criteria): void
  /** Deletes expired artifacts, vendor by vendor. An error is passed to `onTrouble` and does not stop the others. */
  cleanup(options: {
    signal: AbortSignal
    onTrouble(vendor: string, error: unknown): void
  }): Promise<{ deleted: number; bytes: number }>
  /** Removes untracked bytes from storage, then records whose bytes are gone. */
  reconcile(options: { signal: AbortSignal; ageMs?: number }): Promise<{ untracked: number; stale: number }>
}

type Options = {
  db: Db
  blobs: Blobs
  /** The age, in ms, from which the cleanup deletes artifacts without criteria of their own. */
  ttlMs: number
  remove(repository: string, digest: Digest): Promise<SystemArtifact | undefined>
  removeBytes(place: Place, digest: Digest, options: { dooms: boolean }): Promise<void>
}

/** Links younger than this, in ms, may still be without a record. */
const youngMs = 3_600_000
/** Records read in one batch. */
const page = 200

/** Opens the cleanup of expired artifacts and the reconciliation of storage and records. */
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
