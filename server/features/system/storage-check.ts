import type { Static } from 'typebox'
import * as api from '../../../api/system.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { route, type ApiRoute } from '../access/index.ts'

/** What a comparison of storage and database found. `losses` and `leftovers` have one line for each finding. */
type StorageCheck = {
  /** Whether every byte was read and hashed; otherwise sizes were compared. */
  readsDigests: boolean
  blobs: number
  artifacts: number
  tags: number
  bytes: number
  losses: readonly string[]
  leftovers: readonly string[]
}

const name = 'storage-check'
/** Findings that are kept as text; all of them are counted. */
const mostFindings = 100

/** Keeps the result in place of the last one, with the time of the database. */
export async function saveStorageCheck(db: Queryable, { losses, leftovers, ...counts }: StorageCheck): Promise<void> {
  const findings = [...losses, ...leftovers].slice(0, mostFindings)
  const value = JSON.stringify({ ...counts, losses: losses.length, leftovers: leftovers.length, findings })
  await db.run(sql`
    insert into installation (name, value)
    select ${name}, (${value}::jsonb || jsonb_build_object('at', clock_timestamp()))::text
    on conflict (name) do update set value = excluded.value`)
}

type Kept = Omit<StorageCheck, 'losses' | 'leftovers'> & {
  at: string
  losses: number
  leftovers: number
  findings: string[]
}

/** Tells what the last `marina fsck` found. */
export function storageCheckRoutes(db: Queryable): ApiRoute[] {
  return [
    route(api.getStorageCheck, { system: 'system-volumes', verb: 'read' }, async () => {
      const row = await db.row<{ value: string }>(sql`select value from installation where name = ${name}`)
      return row ? { last: present(JSON.parse(row.value) as Kept) } : {}
    }),
  ]
}

function present({ at, readsDigests, losses, leftovers, findings, ...counts }: Kept): Static<typeof api.StorageCheck> {
  return { time: new Date(at).toISOString(), digests: readsDigests, ...counts, losses, leftovers, findings }
}
