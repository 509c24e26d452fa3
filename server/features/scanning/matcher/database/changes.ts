import type { Db, Queryable, Tx } from '../../../../platform/db/db.ts'
import { sql } from '../../../../platform/db/sql.ts'
import { findCurrent } from './store.ts'

/**
 * Notes of which packages the records of a generation, which is written whole, say something else than those of the one
 * in use. Returns the id of the latter; undefined when all packages have to be matched again, as there is none or as
 * statements about packages differ. `ecosystems`: those of the new generation.
 */
export async function saveChanges(
  db: Db,
  generation: number,
  ecosystems: string[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const current = await findCurrent(db)
  if (!current || (await statementsOf(db, current.id)) !== (await statementsOf(db, generation))) return undefined
  for (const ecosystem of new Set([...ecosystems, ...Object.keys(current.ecosystems)]))
    for (let after: string | null = ''; after !== null;) {
      signal.throwIfAborted()
      after = await comparePart(db, generation, current.id, ecosystem, after)
    }
  return current.id
}

/** Rows of the new generation that one statement looks at. */
const batch = 50_000

/** `after`: the last name that was looked at (a cursor). Returns the next one; null when this was the last part. */
async function comparePart(
  db: Queryable,
  generation: number,
  other: number,
  ecosystem: string,
  after: string,
): Promise<string | null> {
  const part = await db.row<{ last: string | null }>(sql`
    select max(name) as last from (
      select name from advisory_package
      where generation_id = ${generation} and ecosystem = ${ecosystem} and name > ${after}
      order by name limit ${batch}) as part`)
  const last = part?.last ?? null
  await db.run(sql`
    insert into advisory_change (generation_id, ecosystem, name)
    select distinct ${generation}::bigint, ${ecosystem}, name from (
      select name from advisory_package
      where generation_id in (${generation}, ${other}) and ecosystem = ${ecosystem}
        and name > ${after} and (${last}::text is null or name <= ${last})
      group by name, advisory_id, hash having count(*) < 2) as one
    on conflict do nothing`)
  return last
}

/** All statements about packages of every image, in their order, as one hash. */
async function statementsOf(db: Queryable, generation: number): Promise<string> {
  const row = await db.row<{ hash: string }>(sql`
    select coalesce(md5(string_agg(
        md5(jsonb_build_array(vulnerability, product, version, reason)::text), '' order by id)), '') as hash
    from vex_statement where generation_id = ${generation} and digest = ''`)
  return row!.hash
}

/**
 * Notes that what `saveChanges` has found counts, unless the generation that it was compared with is no longer in use.
 * To be called in the transaction that takes the new one into use, before that.
 */
export async function noteCompared(tx: Tx, generation: number, comparedWith: number | undefined): Promise<void> {
  const current = await tx.row<{ id: number | null }>(sql`select generation_id as id from vulndb for update`)
  if (comparedWith === undefined || current!.id !== comparedWith) return
  await tx.run(sql`update vulndb_generation set compared_with = ${comparedWith} where id = ${generation}`)
}

/**
 * Takes over what was found of packages of which a generation says the same as the one before. `generation`: held.
 * `after`, `last`: the part of the packages, by their ids. Returns how many packages that were.
 */
export function keepUnchanged(tx: Tx, generation: number, after: number, last: number): Promise<number> {
  return tx.run(sql`
    update package set matched_generation = ${generation}
    where id > ${after} and id <= ${last}
      and matched_generation = (select compared_with from vulndb_generation where id = ${generation})
      and not exists (
        select from advisory_change
        where generation_id = ${generation} and advisory_change.ecosystem = package.ecosystem and name = wanted_name)`)
}
