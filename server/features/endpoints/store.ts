import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import type { AdapterType } from './adapters/adapter.ts'

/** Another registry as stored. `sealedSecret`: encrypted, null when there is none. */
export type Endpoint = {
  id: number
  name: string
  description: string
  type: AdapterType
  url: string
  /** '' for the token service that the registry names. */
  tokenServiceUrl: string
  credentialType: '' | 'basic' | 'oauth'
  accessKey: string
  sealedSecret: string | null
  isInsecure: boolean
  /** PEM, or ''. */
  caCertificate: string
  status: Status
  /** Why it is unhealthy, or ''. */
  trouble: string
  checkedAt: Date
  createdAt: Date
  updatedAt: Date
  /** Grows when an administrator saves it. */
  version: number
}
export type Status = 'healthy' | 'unhealthy'

const columns = sql`
  id, name, description, type, url, token_service_url as "tokenServiceUrl", credential_type as "credentialType",
  access_key as "accessKey", sealed_secret as "sealedSecret", is_insecure as "isInsecure",
  ca_certificate as "caCertificate", status, trouble, checked_at as "checkedAt", created_at as "createdAt",
  updated_at as "updatedAt", version`

/** Fields by which a list of endpoints can be filtered and sorted. */
export const endpointFields: Fields = {
  id: { type: 'integer', column: sql`id` },
  name: { type: 'text', column: sql`name` },
  description: { type: 'text', column: sql`description` },
  type: { type: 'text', column: sql`type` },
  url: { type: 'text', column: sql`url` },
  status: { type: 'text', column: sql`status` },
  creation_time: { type: 'time', column: sql`created_at` },
  update_time: { type: 'time', column: sql`updated_at` },
}
export const endpointOrder = sql`id`

/** One page of the endpoints whose name contains `name`. */
export function listEndpoints(db: Queryable, name: string, { where, ...part }: Listing): Promise<Paged<Endpoint>> {
  const from = sql`from endpoint where position(lower(${name}) in lower(name)) > 0 and ${where}`
  return db.page({ columns, from }, part)
}

export function findEndpoint(db: Queryable, id: number): Promise<Endpoint | undefined> {
  return db.row<Endpoint>(sql`select ${columns} from endpoint where id = ${id}`)
}

/** Endpoints by id; those that do not exist are left out. */
export async function findEndpoints(db: Queryable, ids: number[]): Promise<Map<number, Endpoint>> {
  const rows = await db.rows<Endpoint>(sql`select ${columns} from endpoint where id = any(${ids}::bigint[])`)
  return new Map(rows.map((one) => [one.id, one]))
}

/** Also waits for transactions that use the endpoint, and holds up new ones until this one ends. */
export function lockEndpoint(tx: Tx, id: number): Promise<Endpoint | undefined> {
  return tx.row<Endpoint>(sql`select ${columns} from endpoint where id = ${id} for update`)
}

/** The next endpoints by id after `after`, at most `limit`. */
export function listAfter(db: Queryable, after: number, limit: number): Promise<Endpoint[]> {
  return db.rows<Endpoint>(sql`select ${columns} from endpoint where id > ${after} order by id limit ${limit}`)
}

type Kept = Omit<Endpoint, 'id' | 'checkedAt' | 'createdAt' | 'updatedAt' | 'version'>

/** Throws a unique violation when the name is taken. */
export async function saveEndpoint(tx: Tx, one: Kept): Promise<number> {
  const row = await tx.row<{ id: number }>(sql`
    insert into endpoint (
      name, description, type, url, token_service_url, credential_type,
      access_key, sealed_secret, is_insecure, ca_certificate, status, trouble)
    values (
      ${one.name}, ${one.description}, ${one.type}, ${one.url}, ${one.tokenServiceUrl}, ${one.credentialType},
      ${one.accessKey}, ${one.sealedSecret}, ${one.isInsecure}, ${one.caCertificate}, ${one.status}, ${one.trouble})
    returning id`)
  return row!.id
}

/** Throws a unique violation when the name is taken. False when it has gone. */
export async function changeEndpoint(tx: Tx, id: number, one: Kept): Promise<boolean> {
  const count = await tx.run(sql`
    update endpoint set
      name = ${one.name}, description = ${one.description}, type = ${one.type}, url = ${one.url},
      token_service_url = ${one.tokenServiceUrl}, credential_type = ${one.credentialType},
      access_key = ${one.accessKey}, sealed_secret = ${one.sealedSecret}, is_insecure = ${one.isInsecure},
      ca_certificate = ${one.caCertificate}, status = ${one.status}, trouble = ${one.trouble},
      updated_at = now(), version = version + 1
    where id = ${id}`)
  return count === 1
}

/** Throws a reference violation while something uses it. False when it has gone. */
export async function dropEndpoint(tx: Tx, id: number): Promise<boolean> {
  return (await tx.run(sql`delete from endpoint where id = ${id}`)) === 1
}

/** Notes the result of a check of this version of the endpoint. False when it was changed or deleted meanwhile. */
export async function noteCheck(
  tx: Tx,
  { id, version }: Pick<Endpoint, 'id' | 'version'>,
  { status, trouble }: { status: Status; trouble: string },
): Promise<boolean> {
  const count = await tx.run(sql`
    update endpoint set status = ${status}, trouble = ${trouble}, checked_at = clock_timestamp()
    where id = ${id} and version = ${version}`)
  return count === 1
}

/** Name, type and status of each, for metrics; at most 10,000. */
export function listStatuses(db: Queryable): Promise<Pick<Endpoint, 'name' | 'type' | 'status'>[]> {
  return db.rows(sql`select name, type, status from endpoint order by id limit 10000`)
}
