import type { Queryable, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { makeDefault } from '../store.ts'

/** How the matcher is called among the scanners. Nothing is asked at its URL: it is a part of Marina. */
export const ownScannerName = 'Marina'
const url = 'marina://matcher'

/** Puts the matcher among the scanners; it becomes the default where there is none. */
export async function ensureOwnScanner(tx: Tx): Promise<void> {
  // The same lock as for every new scanner: there is one matcher, and one default.
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('scanner default'))`)
  if (await findOwnScanner(tx)) return
  const made = await tx.row<{ id: string; isFirst: boolean }>(sql`
    insert into scanner (name, description, url, is_own)
    select free.name, 'matches packages with the database of vulnerabilities that was imported', ${url}, true
    from (values (${ownScannerName}, 1), (${`${ownScannerName} (built in)`}, 2)) as free (name, place)
    where not exists (select from scanner where scanner.name = free.name)
    order by place limit 1
    returning id, not exists (select from scanner where is_default) as "isFirst"`)
  if (made?.isFirst) await makeDefault(tx, made.id, true)
}

/** Undefined until a database was imported once. */
export function findOwnScanner(db: Queryable): Promise<{ id: string; isDisabled: boolean } | undefined> {
  return db.row(sql`select id, is_disabled as "isDisabled" from scanner where is_own`)
}

/** The type of report as which the API shows what the matcher has found. */
export const reportType = 'application/vnd.security.vulnerability.report; version=1.1'

/** Grows with every change of what is matched: the next database is then compared with all packages. */
export const matcherVersion = 1

/** How a report names the matcher: its version, and the database behind it. */
export const describeMatcher = (generation: number | null) => ({
  name: ownScannerName,
  vendor: 'Marina',
  version: `${matcherVersion}.${generation ?? 0}`,
})
