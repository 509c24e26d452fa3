import type { Reader } from '../../catalog/reader.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import type { AuthKind } from './rules.ts'
import { trivyUrl } from './scanners/trivy/row.ts'

/** A scanner as stored. `sealedCredential`: encrypted, null when it needs none. */
export type Scanner = {
  id: string
  name: string
  description: string
  url: string
  isDisabled: boolean
  isDefault: boolean
  auth: AuthKind
  sealedCredential: string | null
  skipsTlsCheck: boolean
  usesInternalAddress: boolean
  /** Marina's own matcher, which is asked without a URL. */
  isOwn: boolean
  /** The time of its data, as it said itself when it was last asked. */
  dataAt: Date | null
  createdAt: Date
  updatedAt: Date
}

const columns = sql`
  id, name, description, url, is_disabled as "isDisabled", is_default as "isDefault", auth,
  sealed_credential as "sealedCredential", skips_tls_check as "skipsTlsCheck",
  uses_internal_address as "usesInternalAddress", is_own as "isOwn",
  case when is_own then (
      select data_at from vulndb_generation where vulndb_generation.id = (select generation_id from vulndb))
    else scanner.data_at end as "dataAt",
  created_at as "createdAt", updated_at as "updatedAt"`

/**
 * Fields by which a list of scanners can be filtered and sorted; those with ex_ are other names of Harbor's for the
 * same.
 */
export const scannerFields: Fields = {
  name: { type: 'text', column: sql`name` },
  ex_name: { type: 'text', column: sql`name` },
  description: { type: 'text', column: sql`description` },
  url: { type: 'text', column: sql`url` },
  ex_url: { type: 'text', column: sql`url` },
  disabled: { type: 'boolean', column: sql`is_disabled` },
  is_default: { type: 'boolean', column: sql`is_default` },
  create_time: { type: 'time', column: sql`created_at` },
  update_time: { type: 'time', column: sql`updated_at` },
}
export const scannerOrder = sql`is_default desc, name`

/** One page of all scanners. */
export function listScanners(db: Queryable, { where, ...part }: Listing): Promise<Paged<Scanner>> {
  return db.page({ columns, from: sql`from scanner where ${where}` }, part)
}

export function findScanner(db: Queryable, id: string): Promise<Scanner | undefined> {
  return db.row<Scanner>(sql`select ${columns} from scanner where id = ${id}::uuid`)
}

/** The scanner that the project chose, otherwise the default. */
export function findScannerOfProject(db: Queryable, projectId: number): Promise<Scanner | undefined> {
  return db.row<Scanner>(sql`
    select ${columns} from scanner left join project_scanner on scanner_id = scanner.id and project_id = ${projectId}
    where is_default or project_id is not null order by project_id nulls last limit 1`)
}

const chosenKey = keyOf('project_scanner', 'project_id')
/** Which scanner is the default one. */
const defaultScannerKey = keyOf('default_scanner', 'of')('system')

/** The id of the scanner that counts for a project, null where there is none. From the cache: pulls ask. */
export function findScannerIdOf({ db, cache }: Reader, projectId: number): Maybe<string | null> {
  const chosen = async () => {
    const row = await db.row<{ id: string }>(
      sql`select scanner_id as id from project_scanner where project_id = ${projectId}`,
    )
    return row ?? { id: null }
  }
  const usual = async () => (await db.row<{ id: string }>(sql`select id from scanner where is_default`)) ?? { id: null }
  type Found = { id: string | null }
  return andThen(
    cache.get<Found>(chosenKey(projectId), chosen),
    (own) => own!.id ?? andThen(cache.get<Found>(defaultScannerKey, usual), (found) => found!.id),
  )
}

type Kept = Omit<Scanner, 'id' | 'isDefault' | 'isOwn' | 'dataAt' | 'createdAt' | 'updatedAt'>

/** Inserts a scanner; the first one becomes the default. Throws a unique violation when its name or URL is taken. */
export async function saveScanner(tx: Tx, scanner: Kept): Promise<{ id: string }> {
  // It may become the default.
  tx.changes(defaultScannerKey)
  // Of two first scanners at once, the second waits here and then sees the first: there is one default.
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('scanner default'))`)
  const row = await tx.row<{ id: string }>(sql`
    insert into scanner (
      name, description, url, is_disabled, is_default, auth,
      sealed_credential, skips_tls_check, uses_internal_address)
    values (
      ${scanner.name}, ${scanner.description}, ${scanner.url}, ${scanner.isDisabled},
      not exists (select 1 from scanner where url <> ${trivyUrl}), ${scanner.auth},
      ${scanner.sealedCredential}, ${scanner.skipsTlsCheck}, ${scanner.usesInternalAddress})
    returning id`)
  return row!
}

export async function changeScanner(tx: Tx, id: string, scanner: Kept): Promise<boolean> {
  const count = await tx.run(sql`
    update scanner set
      name = ${scanner.name}, description = ${scanner.description}, url = ${scanner.url},
      is_disabled = ${scanner.isDisabled}, auth = ${scanner.auth},
      sealed_credential = ${scanner.sealedCredential}, skips_tls_check = ${scanner.skipsTlsCheck},
      uses_internal_address = ${scanner.usesInternalAddress}, updated_at = now()
    where id = ${id}::uuid`)
  return count === 1
}

/** Notes how old the data of a scanner is; one that says nothing of it any more is not known to have any. */
export async function noteDataTime(db: Queryable, id: string, dataAt: Date | null): Promise<void> {
  await db.run(sql`
    update scanner set data_at = ${dataAt} where id = ${id}::uuid and data_at is distinct from ${dataAt}::timestamptz`)
}

export async function dropScanner(tx: Tx, id: string): Promise<boolean> {
  // Locked first: a project that chooses it from now on waits, and then fails, instead of being forgotten here.
  await tx.run(sql`select from scanner where id = ${id}::uuid for update`)
  const choosers = await tx.rows<{ id: number }>(
    sql`delete from project_scanner where scanner_id = ${id}::uuid returning project_id as id`,
  )
  tx.changes(defaultScannerKey, ...choosers.map((one) => chosenKey(one.id)))
  return (await tx.run(sql`delete from scanner where id = ${id}::uuid`)) === 1
}

export async function makeDefault(tx: Tx, id: string, isDefault: boolean): Promise<void> {
  tx.changes(defaultScannerKey)
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('scanner default'))`)
  if (isDefault) await tx.run(sql`update scanner set is_default = false where is_default and id <> ${id}::uuid`)
  await tx.run(sql`update scanner set is_default = ${isDefault} where id = ${id}::uuid`)
}

export async function chooseScanner(tx: Tx, projectId: number, id: string): Promise<void> {
  tx.changes(chosenKey(projectId))
  await tx.run(sql`
    insert into project_scanner (project_id, scanner_id) values (${projectId}, ${id}::uuid)
    on conflict (project_id) do update set scanner_id = excluded.scanner_id`)
}
