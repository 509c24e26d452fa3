import type { Db } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Metrics } from '../../../platform/observe/metrics.ts'

/** From where a pull was served: from here, from the upstream, or from here since the upstream is in trouble. */
type Served = 'hits' | 'misses' | 'stale'
type Counted = Record<Served | 'savedBytes' | 'fetchedBytes', number>

/** Counts of this process by project, for metrics, and written to the database now and then, for people. */
export interface CacheCounts {
  /** Whether any project was counted: without one, nobody looks whether a blob belongs to a cache. */
  readonly isUsed: boolean
  served(project: Named, how: Served): void
  /** Bytes of blobs: `saved` were served without the upstream, `fetched` came from there. */
  bytes(project: Named, kind: 'saved' | 'fetched', count: number): void
  measure(metrics: Metrics): void
  [Symbol.asyncDispose](): Promise<void>
}

type Named = { id: number; name: string }

const nothing = (): Counted => ({ hits: 0, misses: 0, stale: 0, savedBytes: 0, fetchedBytes: 0 })

export function openCacheCounts(db: Db, everyMs: number, onError: (error: unknown) => void): CacheCounts {
  const all = new Map<number, Counted & { name: string }>()
  let unsaved = new Map<number, Counted>()
  let last: Promise<void> = Promise.resolve()

  const add = ({ id, name }: Named, field: keyof Counted, count: number) => {
    const known = all.get(id) ?? { ...nothing(), name }
    const fresh = unsaved.get(id) ?? nothing()
    known[field] += count
    fresh[field] += count
    all.set(id, known)
    unsaved.set(id, fresh)
  }
  const flush = () => {
    last = last.then(async () => {
      if (unsaved.size === 0) return
      const batch = unsaved
      unsaved = new Map()
      await save(db, batch).catch((error: unknown) => {
        for (const [id, counted] of batch) unsaved.set(id, sum(counted, unsaved.get(id) ?? nothing()))
        onError(error)
      })
    })
    return last
  }
  const timer = setInterval(() => void flush(), everyMs)
  timer.unref()

  return {
    get isUsed() {
      return all.size > 0
    },
    served: (project, how) => add(project, how, 1),
    bytes: (project, kind, count) => add(project, `${kind}Bytes`, count),
    measure: (metrics) => measure(metrics, all),
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await flush()
    },
  }
}

function measure(metrics: Metrics, all: ReadonlyMap<number, Counted & { name: string }>): void {
  metrics.counts(
    'marina_proxy_cache_pulls_total',
    'Pulls by tag and of blobs from projects that cache a registry, by where they were served from',
    ['project', 'served'],
    () =>
      [...all.values()].flatMap(({ name, hits, misses, stale }) => [
        { labels: [name, 'cache'], value: hits },
        { labels: [name, 'upstream'], value: misses },
        { labels: [name, 'stale'], value: stale },
      ]),
  )
  metrics.counts(
    'marina_proxy_cache_bytes_total',
    'Bytes of blobs of projects that cache a registry: saved, or fetched from it',
    ['project', 'kind'],
    () =>
      [...all.values()].flatMap(({ name, savedBytes, fetchedBytes }) => [
        { labels: [name, 'saved'], value: savedBytes },
        { labels: [name, 'fetched'], value: fetchedBytes },
      ]),
  )
}

const sum = (a: Counted, b: Counted): Counted => ({
  hits: a.hits + b.hits,
  misses: a.misses + b.misses,
  stale: a.stale + b.stale,
  savedBytes: a.savedBytes + b.savedBytes,
  fetchedBytes: a.fetchedBytes + b.fetchedBytes,
})

/** Projects that were deleted meanwhile are left out. Sorted, so that two processes cannot deadlock. */
async function save(db: Db, batch: ReadonlyMap<number, Counted>): Promise<void> {
  const rows = [...batch].toSorted(([a], [b]) => a - b)
  const column = (field: keyof Counted) => rows.map(([, counted]) => counted[field])
  await db.relaxed.run(sql`
    insert into proxied_tally as kept (project_id, hits, misses, stale, saved_bytes, fetched_bytes)
    select given.* from unnest(
      ${rows.map(([id]) => id)}::bigint[], ${column('hits')}::bigint[], ${column('misses')}::bigint[],
      ${column('stale')}::bigint[], ${column('savedBytes')}::bigint[], ${column('fetchedBytes')}::bigint[])
      as given (project_id, hits, misses, stale, saved_bytes, fetched_bytes)
    where exists (select from project where id = given.project_id)
    order by 1
    on conflict (project_id) do update set
      hits = kept.hits + excluded.hits, misses = kept.misses + excluded.misses, stale = kept.stale + excluded.stale,
      saved_bytes = kept.saved_bytes + excluded.saved_bytes,
      fetched_bytes = kept.fetched_bytes + excluded.fetched_bytes`)
}
