import type { Db, Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'

/** The table of a month, and the start of the next month. */
type Month = { table: string; end: Date }

export async function listMonths(db: Queryable): Promise<Month[]> {
  const tables = await db.rows<{ table: string }>(
    sql`select relid::text as table from pg_partition_tree('audit_log') where isleaf order by 1`,
  )
  return tables.flatMap(({ table }) => {
    const [, year, month] = /^audit_log_(\d{4})_(\d{2})$/.exec(table) ?? []
    return year ? [{ table, end: new Date(Date.UTC(Number(year), Number(month), 1)) }] : []
  })
}

// SQL takes no table name as a value. It is safe in the text: it matches the pattern in listMonths.
export async function countMonth(db: Db, { table }: Month): Promise<number> {
  return (await db.row<{ count: number }>({ name: '', text: `select count(*) from ${table}`, values: [] }))!.count
}

export async function dropMonth(db: Db, { table }: Month): Promise<void> {
  await db.run({ name: '', text: `drop table ${table}`, values: [] })
}

/**
 * Reads `limit` entries beyond the cursor `after` and removes those of the types (in a dry run it counts them). `next`
 * is the cursor of the next page, undefined after the last one.
 */
export async function purgePage(
  db: Db,
  {
    after,
    before,
    types,
    limit,
    isDryRun,
  }: { after: { at: string; id: number }; before: Date; types: string[] | 'all'; limit: number; isDryRun: boolean },
): Promise<{ count: number; next: { at: string; id: number } | undefined }> {
  const wanted = types === 'all' ? null : types
  const row = await db.row<{ seen: number; count: number; at: string; id: number }>(sql`
    with page as materialized (
      select occurred_at, id,
        ${wanted}::text[] is null or operation || '_' || resource_type = any(${wanted}::text[]) as goes
      from audit_log
      where (occurred_at, id) > (${after.at}::timestamptz, ${after.id}::bigint) and occurred_at < ${before}
      order by occurred_at, id limit ${limit}),
    gone as (
      delete from audit_log using page
      where page.goes and not ${isDryRun}::boolean
        and audit_log.occurred_at = page.occurred_at and audit_log.id = page.id),
    last as (select occurred_at, id from page order by occurred_at desc, id desc limit 1)
    select (select count(*) from page) as seen, (select count(*) from page where goes) as count,
      last.occurred_at::text as at, last.id from last`)
  return { count: row?.count ?? 0, next: row && row.seen === limit ? { at: row.at, id: row.id } : undefined }
}
