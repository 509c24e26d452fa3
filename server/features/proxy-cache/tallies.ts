import type { Paged, Queryable } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'

/** A project that caches another registry, and what that has spared; sizes in bytes. */
export type Tallied = {
  projectId: number
  project: string
  endpointId: number
  registry: string
  type: string
  status: string
  hits: number
  misses: number
  stale: number
  savedBytes: number
  fetchedBytes: number
}

const counted = (column: Sql): Sql => sql`coalesce(tally.${column}, 0)`
const hits = counted(sql`hits`)
const misses = counted(sql`misses`)
const stale = counted(sql`stale`)
const saved = counted(sql`saved_bytes`)
const fetched = counted(sql`fetched_bytes`)

/** Fields by which the list of caches can be filtered and sorted. */
export const tallyFields: Fields = {
  project: { type: 'text', column: sql`project.name` },
  registry: { type: 'text', column: sql`endpoint.name` },
  status: { type: 'text', column: sql`endpoint.status` },
  hits: { type: 'integer', column: hits },
  misses: { type: 'integer', column: misses },
  stale: { type: 'integer', column: stale },
  saved_bytes: { type: 'integer', column: saved },
  fetched_bytes: { type: 'integer', column: fetched },
}
export const tallyOrder = sql`project.name`

/** One page of the projects that cache another registry. */
export function listTallies(db: Queryable, { where, ...part }: Listing): Promise<Paged<Tallied>> {
  const columns = sql`
    project.id as "projectId", project.name as project, endpoint.id as "endpointId", endpoint.name as registry,
    endpoint.type, endpoint.status, ${hits} as hits, ${misses} as misses, ${stale} as stale,
    ${saved} as "savedBytes", ${fetched} as "fetchedBytes"`
  const from = sql`
    from project join endpoint on endpoint.id = project.endpoint_id
      left join proxied_tally tally on tally.project_id = project.id
    where ${where}`
  return db.page({ columns, from }, part)
}
