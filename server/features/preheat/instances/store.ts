import type { Paged, Queryable, Tx } from '../../../platform/db/db.ts'
import type { Fields, Listing } from '../../../platform/db/listing.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { AuthMode } from '../providers/auth.ts'

type Health = 'Unknown' | 'Healthy' | 'Unhealthy'

/** A service as stored. `sealedAuth`: Harbor's `auth_info`, encrypted; null for none. */
export type Instance = {
  id: number
  name: string
  description: string
  provider: string
  endpoint: string
  authMode: AuthMode
  sealedAuth: string | null
  isEnabled: boolean
  isDefault: boolean
  isInsecure: boolean
  /** What the last call found; `trouble` says why it is unhealthy. */
  status: Health
  trouble: string
  createdAt: Date
}

const columns = sql`
  id, name, description, provider, endpoint, auth_mode as "authMode", sealed_auth as "sealedAuth",
  is_enabled as "isEnabled", is_default as "isDefault", is_insecure as "isInsecure", status, trouble,
  created_at as "createdAt"`

/** The fields by which instances can be filtered and sorted, by Harbor's names. */
export const instanceFields: Fields = {
  id: { type: 'integer', column: sql`id` },
  name: { type: 'text', column: sql`name` },
  description: { type: 'text', column: sql`description` },
  vendor: { type: 'text', column: sql`provider` },
  endpoint: { type: 'text', column: sql`endpoint` },
  auth_mode: { type: 'text', column: sql`auth_mode` },
  status: { type: 'text', column: sql`status` },
  enabled: { type: 'boolean', column: sql`is_enabled` },
  default: { type: 'boolean', column: sql`is_default` },
  insecure: { type: 'boolean', column: sql`is_insecure` },
  setup_timestamp: { type: 'time', column: sql`created_at` },
}
export const instanceOrder = sql`id`

export function listInstances(db: Queryable, { where, ...part }: Listing): Promise<Paged<Instance>> {
  return db.page({ columns, from: sql`from preheat_instance where ${where}` }, part)
}

/** All instances, at most 1,000: projects choose one of them. */
export function listAllInstances(db: Queryable): Promise<Instance[]> {
  return db.rows<Instance>(sql`select ${columns} from preheat_instance order by id limit 1000`)
}

export function findInstance(db: Queryable, name: string): Promise<Instance | undefined> {
  return db.row<Instance>(sql`select ${columns} from preheat_instance where name = ${name}`)
}

export function findInstanceById(db: Queryable, id: number): Promise<Instance | undefined> {
  return db.row<Instance>(sql`select ${columns} from preheat_instance where id = ${id}`)
}

export type Kept = Omit<Instance, 'id' | 'status' | 'trouble' | 'createdAt'>

export async function insertInstance(tx: Tx, one: Kept): Promise<number> {
  if (one.isDefault) await dropDefault(tx)
  const row = await tx.row<{ id: number }>(sql`
    insert into preheat_instance (
      name, description, provider, endpoint, auth_mode, sealed_auth, is_enabled, is_default, is_insecure)
    values (
      ${one.name}, ${one.description}, ${one.provider}, ${one.endpoint}, ${one.authMode}, ${one.sealedAuth},
      ${one.isEnabled}, ${one.isDefault}, ${one.isInsecure})
    returning id`)
  return row!.id
}

/** Replaces an instance; what was known of its health is forgotten. False when it is gone. */
export async function replaceInstance(tx: Tx, id: number, one: Kept): Promise<boolean> {
  if (one.isDefault) await dropDefault(tx)
  const changed = await tx.run(sql`
    update preheat_instance set
      name = ${one.name}, description = ${one.description}, provider = ${one.provider}, endpoint = ${one.endpoint},
      auth_mode = ${one.authMode}, sealed_auth = ${one.sealedAuth}, is_enabled = ${one.isEnabled},
      is_default = ${one.isDefault}, is_insecure = ${one.isInsecure}, status = 'Unknown', trouble = '',
      updated_at = now()
    where id = ${id}`)
  return changed > 0
}

const dropDefault = (tx: Tx) => tx.run(sql`update preheat_instance set is_default = false where is_default`)

/** False when it is gone. Throws a foreign key violation while a policy uses it. */
export async function dropInstance(tx: Tx, id: number): Promise<boolean> {
  return (await tx.run(sql`delete from preheat_instance where id = ${id}`)) > 0
}

/** Notes what a call found of an instance that is still at this address; writes only what is new. */
export async function noteHealth(db: Queryable, { id, endpoint }: Instance, trouble: string): Promise<void> {
  const [status, why] = [trouble === '' ? 'Healthy' : 'Unhealthy', trouble.slice(0, 1000)]
  await db.run(sql`
    update preheat_instance set status = ${status}, trouble = ${why}
    where id = ${id} and endpoint = ${endpoint} and (status <> ${status} or trouble <> ${why})`)
}
