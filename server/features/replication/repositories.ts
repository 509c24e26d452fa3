import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { findProject } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Queryable, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { CopyParams } from './jobs.ts'
import type { Policy } from './policy.ts'

/** Notes which target repositories a policy fills: a mirror deletes in no other. */
export async function noteRepositories(tx: Tx, policyId: number, tasks: CopyParams[]): Promise<void> {
  const copies = tasks.filter(({ operation }) => operation === 'copy')
  if (copies.length === 0) return
  await tx.run(sql`
    insert into replication_repository (policy_id, target, source)
    select distinct ${policyId}::bigint, target, source
    from unnest(${copies.map(({ target }) => target)}::text[], ${copies.map(({ source }) => source)}::text[])
      as one (target, source)
    on conflict do nothing`)
}

/** A target repository that a policy has filled. `others`: further policies that fill it, too. */
export type Managed = { target: RepositoryName; source: RepositoryName; others: string[] }

/** The target repositories of a policy, by name; at most 1,000,000. */
export function listManaged(db: Queryable, { id, direction, endpointId }: Policy): Promise<Managed[]> {
  return db.rows<Managed>(sql`
    select mine.target, min(mine.source) as source, coalesce((
      select array_agg(distinct policy.name)
      from replication_repository other join replication_policy policy on policy.id = other.policy_id
      where other.target = mine.target and other.policy_id <> ${id} and policy.direction = ${direction}
        and (policy.direction = 'pull' or policy.endpoint_id = ${endpointId})), '{}') as others
    from replication_repository mine where mine.policy_id = ${id}
    group by mine.target order by mine.target limit 1000000`)
}

export async function forgetRepository(db: Queryable, policyId: number, target: RepositoryName): Promise<void> {
  await db.run(sql`delete from replication_repository where policy_id = ${policyId} and target = ${target}`)
}

/** Whether everybody may read the project of a repository in Marina; undefined when it has gone. */
export async function isPublicProject(reader: Reader, name: string): Promise<boolean | undefined> {
  return (await findProject(reader, projectOf(name as RepositoryName)))?.isPublic
}
