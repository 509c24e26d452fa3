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

type Noted = Pull & { count: number; lastAt: Date }

/** Distinct artifact, tag and puller noted at most between two flushes; reaching it flushes early. */
const capacity = 10_000

/** Gathers pulls and flushes them every `everyMs`, and once more when closed (S2-05 without a write per pull). */
export function openPullCounter(db: Db, everyMs: number, onError: (error: unknown) => void): PullCounter {
  let noted = new Map<string, Noted>()
  let last: Promise<void> = Promise.resolve()

  // One flush after the other; the transaction's retry must see the same batch, so the map is taken before it begins.
  const flush = () => {
    last = last.then(async () => {
      if (noted.size === 0) return
      const batch = noted
      noted = new Map()
      try {
        await save(db, [...batch.values()])
      } catch (error) {
        // Kept for the next time: a database that was away for a while loses no counts.
        for (const [key, one] of batch) merge(noted, key, one)
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
      merge(
        noted,
        `${pull.projectId}\n${pull.repository}\n${pull.digest}\n${pull.tag}\n${pull.by.kind}\n${pull.by.id}`,
        {
          ...pull,
          count: 1,
          lastAt: new Date(),
        },
      )
      if (noted.size === capacity) void flush().catch(onError)
    },
    flush,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await flush().catch(onError)
    },
  }
}

function merge(into: Map<string, Noted>, key: string, one: Noted) {
  const known = into.get(key)
  if (!known) return void into.set(key, one)
  known.count += one.count
  if (one.lastAt > known.lastAt) known.lastAt = one.lastAt
}

/**
 * What was pulled and deleted before the flush has no count any more, and its fact all the same: nobody wipes out the trace of a
 * pull by deleting what he pulled.
 *
 * One transaction, rows in the order of their ids so that two processes cannot deadlock.
 */
async function save(db: Db, batch: Noted[]): Promise<void> {
  await db.transaction(async (tx) => {
    const rows = await tx.rows<{
      place: number
      repositoryId: number | null
      artifactId: number | null
      tagged: number[] | null
    }>(sql`
      with pull as (
        select * from unnest(${batch.map((one) => one.repository)}::text[], ${batch.map((one) => one.digest)}::text[], ${batch.map((one) => one.tag)}::text[],
          ${batch.map((one) => one.count)}::bigint[], ${batch.map((one) => one.lastAt)}::timestamptz[]) with ordinality as pull (repository, digest, tag, count, last_at, place)),
      found as (
        select pull.*, artifact.id as artifact_id, repository.id as repository_id, tag.id as tag_id
        from pull left join repository on repository.name = pull.repository
        left join artifact on artifact.repository_id = repository.id and artifact.digest = pull.digest
        left join tag on tag.repository_id = repository.id and tag.name = pull.tag and artifact.id is not null),
      artifacts as (
        update artifact set pull_count = pull_count + sums.count, pulled_at = greatest(pulled_at, sums.last_at)
        from (select artifact_id, sum(count)::bigint as count, max(last_at) as last_at from found where artifact_id is not null group by 1 order by 1) sums where artifact.id = sums.artifact_id),
      tags as (
        update tag set pull_count = pull_count + sums.count, pulled_at = greatest(pulled_at, sums.last_at)
        from (select tag_id, sum(count)::bigint as count, max(last_at) as last_at from found where tag_id is not null group by 1 order by 1) sums where tag.id = sums.tag_id
        returning tag.artifact_id),
      repositories as (
        update repository set pull_count = pull_count + sums.count, pulled_at = greatest(pulled_at, sums.last_at)
        from (select repository_id, sum(count)::bigint as count, max(last_at) as last_at from found where artifact_id is not null group by 1 order by 1) sums where repository.id = sums.repository_id)
      select place, repository_id as "repositoryId", artifact_id as "artifactId", (select array_agg(distinct artifact_id) from tags) as tagged from found order by place`)
    tx.changes(...rows.flatMap(({ repositoryId }) => (repositoryId === null ? [] : repositoryIdKey(repositoryId))))
    // Their times of the last pull; a tag may have moved since it was pulled.
    tx.changes(
      ...[...rows.flatMap(({ artifactId }) => artifactId ?? []), ...(rows[0]?.tagged ?? [])].map((id) =>
        artifactKey(id),
      ),
    )
    await emit(
      tx,
      rows.map(({ place }) => {
        const { projectId, repository, digest, tag, count, lastAt, by } = batch[place - 1]!
        return facts.artifactPulled({ projectId, repository, digest, tag, count, lastAt: lastAt.toISOString() }, by)
      }),
    )
  })
}
