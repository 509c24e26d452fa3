import type { Digest } from '../../oci/digest.ts'
import type { RepositoryName } from '../../oci/reference.ts'
import type { Db } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'
import { emit } from '../platform/events/emit.ts'
import { artifactKey } from './artifact.ts'
import { repositoryIdKey } from './repository.ts'
import { facts, type Actor } from './topics.ts'

type Pull = { projectId: number; repository: RepositoryName; digest: Digest; tag: string | null; by: Actor }

export type PullCounter = {
  /** Notes a pull in memory; writes nothing. */
  count(pull: Pull): void
  /** Writes what was noted since the last time: counts, times and one fact per artifact, tag and puller. */
  flush(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** `lastAt`: in ms since 1970; `day`: days since then, in UTC. */
type Noted = Pull & { count: number; lastAt: number; day: number }

/** The most combinations of artifact, tag, puller and day between two flushes; reaching it flushes early. */
const capacity = 10_000

const dayMs = 86_400_000

/**
 * Counts pulls in memory and writes them in batches every `everyMs`, and once more when closed (S2-05). `keepsDays`:
 * the pulls of each day in UTC are recorded as well (tables pull_day, tag_pull_day), by the same statement.
 */
export function openPullCounter(
  db: Db,
  everyMs: number,
  onError: (error: unknown) => void,
  { keepsDays = true } = {},
): PullCounter {
  let noted = openNoted()
  let last: Promise<void> = Promise.resolve()

  // One flush runs at a time. What is noted is replaced before the transaction: its retry must see the same batch.
  const flush = () => {
    last = last.then(async () => {
      if (noted.all.size === 0) return
      const batch = noted.all
      noted = openNoted()
      try {
        await save(db, [...batch.values()], keepsDays)
      } catch (error) {
        // Kept for the next flush: while the database is away, no count is lost.
        for (const [key, one] of batch) merge(noted.all, key, one)
        throw error
      }
    })
    const done = last
    last = last.catch(() => {})
    return done
  }
  const timer = setInterval(() => void flush().catch(onError), everyMs)
  timer.unref()

  return {
    count(pull) {
      if (noted.add(pull) === capacity) void flush().catch(onError)
    },
    flush,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await flush().catch(onError)
    },
  }
}

/** Pulls in memory. `add` returns how many combinations there are when the pull is of a new one, else 0. */
function openNoted(): { all: Map<string, Noted>; add(pull: Pull): number } {
  const all = new Map<string, Noted>()
  /** The last pull of each digest: most pulls are like the one before, and are counted without a key. */
  const latest = new Map<Digest, Noted>()
  return {
    all,
    add(pull) {
      const lastAt = Date.now()
      const day = Math.floor(lastAt / dayMs)
      const like = latest.get(pull.digest)
      if (like && like.day === day && isAlike(like, pull)) {
        like.count++
        like.lastAt = lastAt
        return 0
      }
      const { projectId, repository, digest, tag, by } = pull
      const key = `${projectId}\n${repository}\n${digest}\n${tag}\n${by.kind}\n${by.id}\n${by.name}\n${day}`
      const before = all.size
      // Without what the caller's object may hold beside: it lies here for a while.
      latest.set(digest, merge(all, key, { projectId, repository, digest, tag, by, count: 1, lastAt, day }))
      return all.size > before ? all.size : 0
    },
  }
}

const isAlike = (one: Pull, other: Pull): boolean =>
  one.tag === other.tag &&
  one.repository === other.repository &&
  one.projectId === other.projectId &&
  one.by.kind === other.by.kind &&
  one.by.id === other.by.id &&
  one.by.name === other.by.name

/** Adds the pulls to those of the same key, and returns what is noted under it. */
function merge(into: Map<string, Noted>, key: string, one: Noted): Noted {
  const known = into.get(key)
  if (!known) {
    into.set(key, one)
    return one
  }
  known.count += one.count
  known.lastAt = Math.max(known.lastAt, one.lastAt)
  return known
}

/**
 * In one transaction, which updates rows in the order of their ids so that two processes cannot deadlock. An artifact
 * that was deleted since its pull gets no count, but its pull is still a fact: nobody can hide a pull by a deletion.
 */
async function save(db: Db, batch: Noted[], keepsDays: boolean): Promise<void> {
  await db.transaction(async (tx) => {
    const rows = await tx.rows<{
      place: number
      repositoryId: number | null
      artifactId: number | null
      tagged: number[] | null
    }>(sql`
      with pull as (
        select * from unnest(
          ${batch.map((one) => one.repository)}::text[],
          ${batch.map((one) => one.digest)}::text[],
          ${batch.map((one) => one.tag)}::text[],
          ${batch.map((one) => one.count)}::bigint[],
          ${batch.map((one) => new Date(one.lastAt))}::timestamptz[])
          with ordinality as pull (repository, digest, tag, count, last_at, place)),
      found as (
        select pull.*, artifact.id as artifact_id, repository.id as repository_id, tag.id as tag_id
        from pull
          left join repository on repository.name = pull.repository
          left join artifact on artifact.repository_id = repository.id and artifact.digest = pull.digest
          left join tag on tag.repository_id = repository.id and tag.name = pull.tag and artifact.id is not null),
      artifacts as (
        update artifact set pull_count = pull_count + sums.count, pulled_at = greatest(pulled_at, sums.last_at)
        from (
          select artifact_id, sum(count)::bigint as count, max(last_at) as last_at
          from found where artifact_id is not null group by 1 order by 1) sums
        where artifact.id = sums.artifact_id),
      tags as (
        update tag set pull_count = pull_count + sums.count, pulled_at = greatest(pulled_at, sums.last_at)
        from (
          select tag_id, sum(count)::bigint as count, max(last_at) as last_at
          from found where tag_id is not null group by 1 order by 1) sums
        where tag.id = sums.tag_id
        returning tag.artifact_id),
      repositories as (
        update repository set pull_count = pull_count + sums.count, pulled_at = greatest(pulled_at, sums.last_at)
        from (
          select repository_id, sum(count)::bigint as count, max(last_at) as last_at
          from found where artifact_id is not null group by 1 order by 1) sums
        where repository.id = sums.repository_id),
      days as (
        insert into pull_day (repository_id, day, artifact_id, count)
        select repository_id, (last_at at time zone 'UTC')::date, artifact_id, sum(count)::bigint
        from found where artifact_id is not null and ${keepsDays}
        group by 1, 2, 3 order by 1, 2, 3
        on conflict (repository_id, day, artifact_id) do update set count = pull_day.count + excluded.count),
      tag_days as (
        insert into tag_pull_day (day, repository_id, tag, count)
        select (last_at at time zone 'UTC')::date, repository_id, tag, sum(count)::bigint
        from found where tag_id is not null and ${keepsDays}
        group by 1, 2, 3 order by 2, 3, 1
        on conflict (repository_id, tag, day) do update set count = tag_pull_day.count + excluded.count)
      select place, repository_id as "repositoryId", artifact_id as "artifactId",
        (select array_agg(distinct artifact_id) from tags) as tagged
      from found order by place`)
    tx.changes(...rows.flatMap(({ repositoryId }) => (repositoryId === null ? [] : repositoryIdKey(repositoryId))))
    // The artifacts' times of the last pull change; a tag may have moved to another artifact since it was pulled.
    tx.changes(
      ...[...rows.flatMap(({ artifactId }) => artifactId ?? []), ...(rows[0]?.tagged ?? [])].map((id) =>
        artifactKey(id),
      ),
    )
    await emit(
      tx,
      rows.map(({ place }) => {
        const { projectId, repository, digest, tag, count, lastAt, by } = batch[place - 1]!
        return facts.artifactPulled(
          { projectId, repository, digest, tag, count, lastAt: new Date(lastAt).toISOString() },
          by,
        )
      }),
    )
  })
}
