import { createHash } from 'node:crypto'
import type { Digest } from '../../../../../oci/digest.ts'
import type { RepositoryName } from '../../../../../oci/reference.ts'
import type { Db, Queryable, Tx } from '../../../../platform/db/db.ts'
import { sql } from '../../../../platform/db/sql.ts'
import { catalogersVersion } from '../../inventory/catalogers/list.ts'
import type { Component, Inventory } from '../../inventory/component.ts'
import { purlOf } from '../../inventory/purl.ts'
import { ecosystemOfSystem, wantedOf, type Wanted } from '../ecosystems.ts'

type Row = { hash: Buffer; type: string; name: string; version: string; purl: string; wanted: Wanted }

/** Packages per statement. */
const batch = 1000

/** Text that PostgreSQL accepts. */
const storable = (text: string) => text.replaceAll('\0', '').toWellFormed()

/**
 * Keeps what an image holds as rows, in the place of what was known before. Does nothing for an image that was deleted.
 * `inventory`: at most 100,000 packages, as the settings have it.
 */
export async function saveInventory(
  db: Db,
  image: { repository: RepositoryName; digest: Digest },
  { os, found }: Inventory,
): Promise<void> {
  const system = ecosystemOfSystem(os)
  const rows = rowsOf(
    found.map(({ component }) => component),
    os,
    system,
  )
  await db.transaction(async (tx) => {
    const artifact = await tx.row<{ id: number }>(sql`
      insert into image_inventory (artifact_id, version, os_name, os_version, ecosystem)
      select artifact.id, ${catalogersVersion}, ${os?.name ?? ''}, ${storable(os?.version ?? '')}, ${system}
      from artifact join repository on repository.id = artifact.repository_id
      where repository.name = ${image.repository} and artifact.digest = ${image.digest}
      on conflict (artifact_id) do update
        set version = excluded.version, os_name = excluded.os_name, os_version = excluded.os_version,
          ecosystem = excluded.ecosystem, made_at = clock_timestamp()
      returning artifact_id as id`)
    if (!artifact) return
    const ids: number[] = []
    for (let from = 0; from < rows.length; from += batch)
      ids.push(...(await savePackages(tx, rows.slice(from, from + batch))))
    await tx.run(sql`
      delete from image_package
      where artifact_id = ${artifact.id} and package_id not in (select unnest(${ids}::bigint[]))`)
    await tx.run(sql`
      insert into image_package (artifact_id, package_id) select ${artifact.id}, unnest(${ids}::bigint[])
      on conflict do nothing`)
  })
}

/** In the order of the hashes, in which two transactions that save the same packages wait for each other. */
function rowsOf(components: Component[], os: Component | undefined, system: string): Row[] {
  const rows = new Map<string, Row>()
  for (const component of components) {
    const purl = purlOf(component, os)
    if (purl === undefined) continue
    const { namespace, name, version, type } = component
    const full = namespace === undefined ? name : `${namespace}${type === 'maven' ? ':' : '/'}${name}`
    const wanted = wantedOf(component, system)
    const fields = [type, full, version, purl, wanted.ecosystem, wanted.name, wanted.version].map(storable)
    const hash = createHash('sha256').update(JSON.stringify(fields)).digest()
    rows.set(hash.toString('hex'), { hash, type, name: full, version, purl, wanted })
  }
  return [...rows].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row)
}

async function savePackages(tx: Tx, rows: Row[]): Promise<number[]> {
  const text = (pick: (row: Row) => string) => rows.map((row) => storable(pick(row)))
  const hashes = rows.map(({ hash }) => hash)
  for (;;) {
    await tx.run(sql`
      insert into package (hash, type, name, version, purl, ecosystem, wanted_name, wanted_version)
      select * from unnest(
        ${hashes}::bytea[], ${text(({ type }) => type)}::text[], ${text(({ name }) => name)}::text[],
        ${text(({ version }) => version)}::text[], ${text(({ purl }) => purl)}::text[],
        ${text(({ wanted }) => wanted.ecosystem)}::text[], ${text(({ wanted }) => wanted.name)}::text[],
        ${text(({ wanted }) => wanted.version)}::text[])
      on conflict (hash) do nothing`)
    // The lock keeps the sweep from taking a package that no image has yet.
    const saved = await tx.rows<{ id: number }>(
      sql`select id from package where hash = any(${hashes}::bytea[]) order by hash for key share`,
    )
    if (saved.length === rows.length) return saved.map(({ id }) => id)
  }
}

/** Deletes the packages that no image has any more, in batches. */
export async function sweepPackages(db: Db, signal: AbortSignal): Promise<void> {
  for (let after = 0; !signal.aborted;) {
    const window = await db.row<{ last: number }>(sql`
      select max(id) as last from (select id from package where id > ${after} order by id limit ${10 * batch}) as part`)
    if (!window?.last) return
    const [from, last] = [after, window.last]
    await db.transaction(async (tx) => {
      const free = await tx.rows<{ id: number }>(sql`
        select id from package
        where id > ${from} and id <= ${last} and not exists (select from image_package where package_id = package.id)
        order by id for update skip locked`)
      // A statement of its own: it sees the images that have taken a package before the lock was there.
      await tx.run(sql`
        delete from package where id = any(${free.map(({ id }) => id)}::bigint[])
          and not exists (select from image_package where package_id = package.id)`)
    })
    after = last
  }
}

/** Whether the packages of an image are known, as its catalogers of today read them. */
export async function hasInventory(db: Queryable, artifactId: number): Promise<boolean> {
  const row = await db.row<{ version: number }>(
    sql`select version from image_inventory where artifact_id = ${artifactId}`,
  )
  return row?.version === catalogersVersion
}
