import { listedRepositories } from '../../catalog/repository.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { joined, oneOff, sql, type Sql } from '../../platform/db/sql.ts'
import { factorNames, productOf, type Factor, type FactorName, type Measured, type Rules } from './rules.ts'
import type { PresetName } from './presets.ts'
import type { Scope } from './scope.ts'

/** A repository with what is known of its use. The last push is the newest of what the repository still holds. */
export type UsedRepository = {
  id: number
  projectId: number
  name: string
  description: string
  pulls: number
  tags: number
  pulledAt: Date | null
  pushedAt: Date | null
  createdAt: Date
  updatedAt: Date
}

/** `score` in hundredths. */
export type ScoredRepository = UsedRepository & { measured: Measured; score: number }

const plain = sql`
  repository.id, repository.project_id, repository.name, repository.description, repository.updated_at,
  repository.created_at`

/**
 * Tags of the repositories in `wanted`, to be joined as `tags`. Grouped at once: for all repositories PostgreSQL reads
 * the table from end to end, which takes a tenth of the time of looking tags up for one repository after the other.
 */
const tagsOfWanted = sql`(
  select repository_id, count(*) as tags_count, max(pushed_at) as tagged_at
  from tag where repository_id in (select id from wanted) group by repository_id) tags`

/** The newest push of an artifact, to be joined as `artifacts`: one step in the index artifact_newest. */
const newestPush = (before: Sql) => sql`lateral (
  select max(artifact.pushed_at) as pushed_at
  from artifact where artifact.repository_id = wanted.id and ${before}) artifacts`

const found = sql`
  id, project_id as "projectId", name, description, pull_count as pulls, tags_count as tags,
  pulled_at as "pulledAt", pushed_at as "pushedAt", created_at as "createdAt", updated_at as "updatedAt"`

/** The `count` repositories with the most pulls; of as many pulls, by name (S2-04). Fewer when there are fewer. */
export async function listTop(db: Queryable, scope: Scope, count: number): Promise<UsedRepository[]> {
  if (!scope) return []
  return db.rows<UsedRepository>(sql`
    with wanted as materialized (
      select ${plain}, repository.pull_count, repository.pulled_at
      from repository join project on project.id = repository.project_id
      where ${scope} and ${listedRepositories}
      order by repository.pull_count desc, repository.name limit ${count}),
    used as (${usedOfWanted})
    select ${found} from used order by pull_count desc, name`)
}

const usedOfWanted = sql`
  select wanted.*, coalesce(tags.tags_count, 0) as tags_count,
    greatest(tags.tagged_at, artifacts.pushed_at) as pushed_at
  from wanted left join ${tagsOfWanted} on tags.repository_id = wanted.id, ${newestPush(sql`true`)}`

/** What is known now of repositories that hold something. */
const usedNow = (scope: Sql) => sql`
  with wanted as materialized (
    select ${plain}, repository.pull_count, repository.pulled_at
    from repository join project on project.id = repository.project_id
    where ${scope} and ${holdsSomething})
  ${usedOfWanted}`

/** A repository of another registry holds nothing here, so there is nothing to delete. */
const holdsSomething = sql`exists (select 1 from artifact where artifact.repository_id = repository.id)`

/**
 * What was known at the beginning of a day in UTC, as far as it is recorded: pulls since then are taken off, and the
 * last pull is looked up in the days before. An older last pull counts as never later than the repository's creation,
 * so that the simulation rather deletes one too many than hides a failure. Tags are those of now.
 */
const usedThen = (scope: Sql, day: string, start = startOf(day)) => sql`
  with wanted as materialized (
    select ${plain}, repository.pull_count, repository.pulled_at
    from repository join project on project.id = repository.project_id
    where ${scope} and repository.created_at < ${start}::timestamptz),
  days as (
    select repository_id, sum(count) filter (where day >= ${day}::date)::bigint as since,
      max(day) filter (where day < ${day}::date) as last_before
    from pull_day where repository_id in (select id from wanted) group by repository_id),
  pulls as (
    select wanted.id, greatest(0, wanted.pull_count - coalesce(days.since, 0)) as before, days.last_before
    from wanted left join days on days.repository_id = wanted.id)
  select wanted.id, wanted.project_id, wanted.name, wanted.description, wanted.updated_at, wanted.created_at,
    pulls.before as pull_count, coalesce(tags.tags_count, 0) as tags_count, artifacts.pushed_at,
    case
      when wanted.pulled_at < ${start}::timestamptz then wanted.pulled_at
      when pulls.before > 0 then coalesce(pulls.last_before::timestamp at time zone 'UTC', wanted.created_at)
    end as pulled_at
  from wanted join pulls on pulls.id = wanted.id left join ${tagsOfWanted} on tags.repository_id = wanted.id,
    ${newestPush(sql`artifact.pushed_at < ${start}::timestamptz`)}
  where artifacts.pushed_at is not null`

/** When a day (YYYY-MM-DD) begins in UTC. */
export const startOf = (day: string): string => `${day}T00:00:00Z`

/** Days since the last pull; since the last push, or else the creation, of what was never pulled. */
const measures: Readonly<Record<FactorName, (at: Sql) => Sql>> = {
  last_pull_days: (at) => daysSince(sql`coalesce(pulled_at, pushed_at, created_at)`, at),
  pull_count: () => sql`pull_count`,
  tags_count: () => sql`tags_count`,
  age_days: (at) => daysSince(sql`created_at`, at),
}
/** Whole days: 7.9 days count as 7 (S2-23). A time that is still to come counts as now. */
const daysSince = (time: Sql, at: Sql) => sql`greatest(0, floor(extract(epoch from ${at} - ${time}) / 86400))::bigint`

/** The score as SQL, so that a page of the order costs no transfer of all repositories; equals scoreOf of rules.ts. */
const scoreSql = (rules: Rules): Sql =>
  joined(
    factorNames.map((name) => shareSql(sql`${columnOf[name]}`, rules[name])),
    sql` + `,
  )
const columnOf: Readonly<Record<FactorName, Sql>> = {
  last_pull_days: sql`last_pull_days`,
  pull_count: sql`pull_count`,
  tags_count: sql`tags_count`,
  age_days: sql`age_days`,
}

function shareSql(column: Sql, { weight, tiers, beyond }: Factor): Sql {
  if (weight === 0 || tiers.length === 0) return sql`${productOf(weight, beyond)}::integer`
  const cases = tiers.map(({ from, below, multiplier }) => {
    const end = below === null ? sql`true` : sql`${column} < ${below}::bigint`
    return sql`when ${column} >= ${from}::bigint and ${end} then ${productOf(weight, multiplier)}::integer`
  })
  return sql`case ${joined(cases, sql` `)} else ${productOf(weight, beyond)}::integer end`
}

/** Lowest first; equal scores by the older last pull, then by fewer pulls, then by name (S2-20). */
const lowestFirst = sql`score, pulled_at nulls first, pull_count, name`

type Row = UsedRepository & { score: number } & Record<FactorName, number>

const measuredOf = ({ last_pull_days, pull_count, tags_count, age_days, ...rest }: Row): ScoredRepository => ({
  ...rest,
  measured: { last_pull_days, pull_count, tags_count, age_days },
})

function scored(used: Sql, rules: Rules, at: Sql): Sql {
  const days = joined(
    (['last_pull_days', 'age_days'] as const).map((name) => sql`${measures[name](at)} as ${columnOf[name]}`),
    sql`, `,
  )
  return sql`from (
    select measured.*, ${scoreSql(rules)} as score from (select used.*, ${days} from (${used}) used) measured) scored`
}

const scoredColumns = sql`${found}, score, last_pull_days, pull_count, tags_count, age_days`

/** One page of the repositories by their score, lowest first. */
export async function listScored(
  db: Queryable,
  scope: Scope,
  rules: Rules,
  part: { limit: number; offset: number },
): Promise<Paged<ScoredRepository>> {
  if (!scope) return { rows: [], total: 0 }
  const list = {
    columns: scoredColumns,
    from: oneOff(scored(usedNow(scope), rules, sql`now()`)),
    counted: sql`
      from repository join project on project.id = repository.project_id where ${scope} and ${holdsSomething}`,
  }
  const { rows, total } = await db.page<Row>(list, { ...part, order: lowestFirst })
  return { rows: rows.map(measuredOf), total }
}

/** The `count` repositories with the lowest scores at the beginning of a day (YYYY-MM-DD, UTC). */
export async function listLowestThen(
  db: Queryable,
  scope: Scope,
  rules: Rules,
  day: string,
  count: number,
): Promise<ScoredRepository[]> {
  if (!scope) return []
  const from = scored(usedThen(scope, day), rules, sql`${startOf(day)}::timestamptz`)
  const rows = await db.rows<Row>(oneOff(sql`select ${scoredColumns} ${from} order by ${lowestFirst} limit ${count}`))
  return rows.map(measuredOf)
}

/**
 * Bytes that nothing else would hold if these repositories were deleted: blobs that no other repository, deletion or
 * system artifact holds, each once, and the manifests. They are freed by a collection, after the undelete window.
 */
export async function countFreed(db: Queryable, repositoryIds: number[]): Promise<number> {
  if (repositoryIds.length === 0) return 0
  const row = await db.row<{ bytes: number }>(sql`
    with wanted as (select unnest(${repositoryIds}::bigint[]) as repository_id),
    held as (
      select blob_id from repository_blob join wanted using (repository_id)
      union select blob_id from released_link join wanted using (repository_id))
    select (
      (select coalesce(sum(blob.size), 0) from held join blob on blob.id = held.blob_id
        where not exists (select from repository_blob other
            where other.blob_id = held.blob_id and other.repository_id not in (select repository_id from wanted))
          and not exists (select from released_link other
            where other.blob_id = held.blob_id and other.repository_id not in (select repository_id from wanted))
          and not exists (select from trash_blob where trash_blob.blob_id = held.blob_id)
          and not exists (select from system_artifact where system_artifact.blob_id = held.blob_id))
      + (select coalesce(sum(octet_length(manifest.content)), 0)
        from artifact join wanted using (repository_id) join manifest on manifest.artifact_id = artifact.id))::bigint
      as bytes`)
  return row!.bytes
}

export type StoredRules = { preset: PresetName | 'custom'; rules: Rules }

/** The rules in force; undefined when nobody has set any. */
export async function findRules(db: Queryable): Promise<StoredRules | undefined> {
  return (await db.row<{ rules: StoredRules }>(sql`select rules from score_rules`))?.rules
}

export async function saveRules(tx: Tx, stored: StoredRules): Promise<void> {
  const rules = jsonbText(stored)
  await tx.run(sql`
    insert into score_rules (rules) values (${rules}::jsonb)
    on conflict (is_only) do update set rules = excluded.rules, updated_at = now()`)
}

/** The id of an artifact of this repository. */
export async function findArtifactId(db: Queryable, repositoryId: number, digest: string): Promise<number | undefined> {
  const row = await db.row<{ id: number }>(
    sql`select id from artifact where repository_id = ${repositoryId} and digest = ${digest}`,
  )
  return row?.id
}
