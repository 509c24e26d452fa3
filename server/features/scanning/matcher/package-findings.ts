import type { Db, Queryable, Tx } from '../../../platform/db/db.ts'
import { arrayOf } from '../../../platform/db/ids.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Finding } from '../reports/finding.ts'
import { saveFindings } from '../reports/findings.ts'
import { holdCurrent } from './database/store.ts'
import { matchPackages, packageColumns, type Match, type PackageRow } from './match.ts'
import { readIds } from './pages.ts'

/** Packages of one transaction: what was found of one may be megabytes. */
const [matchedAtOnce, savedAtOnce] = [500, 100]

/** Matches those of the packages that were not matched with the database in use, in batches. `ids`: in their order. */
export async function matchMissing(db: Db, ids: number[], signal: AbortSignal): Promise<void> {
  for (let from = 0; from < ids.length; from += matchedAtOnce) {
    signal.throwIfAborted()
    const part = ids.slice(from, from + matchedAtOnce)
    await db.transaction(async (tx) => {
      const generation = await holdCurrent(tx)
      if (!generation) return
      const rows = await tx.rows<PackageRow>(sql`
        select ${packageColumns} from package
        where id = any(${part}::bigint[]) and matched_generation is distinct from ${generation.id}
        order by id for no key update`)
      if (rows.length > 0) await matchPackages(tx, generation.id, rows)
    })
  }
}

/** Packages that something is found in; `ids` are null while its rows are not saved. */
const isFound = sql`cves <> '{}'`
const isSaved = sql`finding_ids is not null and found_generation is not distinct from changed_generation`

/** The ids of the findings of packages that have any, in the order of their matches; null: they are not saved yet. */
export async function listFindingIds(db: Queryable, packageIds: number[]): Promise<Map<number, number[] | null>> {
  const rows = await db.rows<{ id: number; ids: string | null; isSaved: boolean }>(sql`
    select id, array_to_string(finding_ids, ',') as ids, ${isSaved} as "isSaved"
    from package where id = any(${arrayOf(packageIds)}::bigint[]) and ${isFound}`)
  return new Map(rows.map(({ id, ids, isSaved: isThere }) => [id, isThere ? readIds(ids) : null]))
}

/** Saves the findings of packages as rows, once however many images have them, in batches. `ids`: in their order. */
export async function savePackageFindings(db: Db, ids: number[], signal: AbortSignal): Promise<void> {
  for (let from = 0; from < ids.length; from += savedAtOnce) {
    signal.throwIfAborted()
    await db.transaction((tx) => saveThose(tx, ids.slice(from, from + savedAtOnce)))
  }
}

async function saveThose(tx: Tx, packageIds: number[]): Promise<void> {
  const rows = await tx.rows<{ id: number; matches: Match[] }>(sql`
    select id, matches from package
    where id = any(${packageIds}::bigint[]) and ${isFound} and not (${isSaved}) order by id for no key update`)
  if (rows.length === 0) return
  const found = rows.map(({ matches }) => matches.flatMap(findingIn))
  const ids = await saveFindings(tx, found.flat())
  const texts = found.map((those) => arrayOf(ids.splice(0, those.length)))
  await tx.run(sql`
    update package set finding_ids = one.ids::bigint[], found_generation = changed_generation
    from unnest(${rows.map(({ id }) => id)}::bigint[], ${texts}::text[]) as one (id, ids) where package.id = one.id`)
}

const findingIn = ({ suppressed, ...finding }: Match): Finding[] => (suppressed === undefined ? [finding] : [])

/** Has the findings of packages saved again: the sweep has taken some, as no report had them. */
export async function forgetFindings(db: Db, packageIds: number[]): Promise<void> {
  await db.run(sql`update package set finding_ids = null where id = any(${packageIds}::bigint[])`)
}
