import type { RepositoryName } from '../../../oci/reference.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import type { NewPolicy, Policy, PolicyRules } from './policy.ts'

const columns = sql`
  id, project_id as "projectId", projects, also_with_own as "alsoWithOwn", algorithm, rules, cron`

/** The most policies of the system: each project's explanation looks at all of them. */
export const systemPolicies = 100

export function findPolicy(db: Queryable, id: number): Promise<Policy | undefined> {
  return db.row<Policy>(sql`select ${columns} from retention_policy where id = ${id}`)
}

export function lockPolicy(tx: Tx, id: number): Promise<Policy | undefined> {
  return tx.row<Policy>(sql`select ${columns} from retention_policy where id = ${id} for update`)
}

export function findPolicyOf(db: Queryable, projectId: number): Promise<Policy | undefined> {
  return db.row<Policy>(sql`select ${columns} from retention_policy where project_id = ${projectId}`)
}

/** All policies of the system, in the order of their ids. */
export function listSystemPolicies(db: Queryable): Promise<Policy[]> {
  return db.rows<Policy>(
    sql`select ${columns} from retention_policy where project_id is null order by id limit ${systemPolicies}`,
  )
}

/** Undefined when the project has a policy already. */
export async function addPolicy(tx: Tx, policy: NewPolicy): Promise<number | undefined> {
  const row = await tx.row<{ id: number }>(sql`
    insert into retention_policy (project_id, projects, also_with_own, algorithm, rules, cron)
    values (
      ${policy.projectId}, ${jsonbText(policy.projects)}::jsonb, ${policy.alsoWithOwn},
      ${policy.algorithm}, ${jsonbText(policy.rules)}::jsonb, ${policy.cron})
    on conflict (project_id) do nothing returning id`)
  return row?.id
}

export async function savePolicy(tx: Tx, policy: Policy): Promise<void> {
  await tx.run(sql`
    update retention_policy set
      projects = ${jsonbText(policy.projects)}::jsonb, also_with_own = ${policy.alsoWithOwn},
      algorithm = ${policy.algorithm}, rules = ${jsonbText(policy.rules)}::jsonb, cron = ${policy.cron},
      updated_at = now()
    where id = ${policy.id}`)
}

export async function dropPolicy(tx: Tx, id: number): Promise<void> {
  await tx.run(sql`delete from retention_policy where id = ${id}`)
}

/** A run with the rules as they were when it began. `maxShare` in percent; null: as the project says. */
export type Run = PolicyRules & {
  executionId: number
  policyId: number
  isDryRun: boolean
  maxShare: number | null
  askedBy: Actor
}

/** Notes a run; one that is noted already stays as it is. */
export async function noteRun(tx: Queryable, run: Run): Promise<void> {
  await tx.run(sql`
    insert into retention_run (execution_id, policy_id, algorithm, rules, is_dry_run, max_share, asked_by)
    values (
      ${run.executionId}, ${run.policyId}, ${run.algorithm}, ${jsonbText(run.rules)}::jsonb,
      ${run.isDryRun}, ${run.maxShare}, ${jsonbText(run.askedBy)}::jsonb)
    on conflict do nothing`)
}

export function findRun(db: Queryable, executionId: number): Promise<Run | undefined> {
  return db.row<Run>(sql`
    select execution_id as "executionId", policy_id as "policyId", algorithm, rules,
      is_dry_run as "isDryRun", max_share as "maxShare", asked_by as "askedBy"
    from retention_run where execution_id = ${executionId}`)
}

export type RepositoryRow = { id: number; projectId: number; name: RepositoryName }

/** Repositories of a project after the one with the id `after`, by id. */
export function listRepositoriesOf(
  db: Queryable,
  projectId: number,
  after: number,
  limit: number,
): Promise<RepositoryRow[]> {
  return db.rows<RepositoryRow>(sql`
    select id, project_id as "projectId", name from repository
    where project_id = ${projectId} and id > ${after} order by id limit ${limit}`)
}

/** Projects after the one with the id `after`, by id. `hasOwn`: it has a retention policy of its own. */
export function listProjectsAfter(
  db: Queryable,
  after: number,
  limit: number,
): Promise<{ id: number; name: string; hasOwn: boolean }[]> {
  return db.rows(sql`
    select id, name, exists (select from retention_policy where project_id = project.id) as "hasOwn"
    from project where id > ${after} order by id limit ${limit}`)
}

/** What a run has deleted in one repository: whole artifacts, and what they and single tags were named. */
export async function listRemoved(
  db: Queryable,
  executionId: number,
  repository: string,
  limit: number,
): Promise<{ artifacts: number; tags: number; names: string[] }> {
  const row = await db.row<{ artifacts: number; tags: number; names: string[] }>(sql`
    with gone as (
      select trash.id, trash.kind, coalesce(trash.tag, (
        select one ->> 'name' from trash_artifact, jsonb_array_elements(trash_artifact.tags) one
        where trash_id = trash.id and trash_artifact.digest = trash.digest order by 1 limit 1), trash.digest) as name
      from trash where run_id = ${executionId} and repository = ${repository})
    select count(*) filter (where kind = 'artifact') as artifacts, count(*) filter (where kind = 'tag') as tags,
      coalesce((array_agg(name order by id))[1:${limit}::int], '{}') as names
    from gone`)
  return row!
}
