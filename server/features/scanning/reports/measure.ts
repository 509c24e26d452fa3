import type { Db } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Metrics } from '../../../platform/observe/metrics.ts'
import { vendorType } from './jobs.ts'

type Counts = { scanner: string; reports: number; running: number; oldest: number }

/** Registers the metrics of each scanner. They are the same in every process: the database counts them. */
export function measureScans(metrics: Metrics, db: Db): void {
  const gauge = (name: string, help: string, key: Exclude<keyof Counts, 'scanner'>) =>
    metrics.gauges(`marina_scanner_${name}`, help, ['scanner'], async () =>
      (await countReports(db)).map((one) => ({ labels: [one.scanner], value: one[key] })),
    )
  gauge('reports', 'Images that have a finished report of the scanner', 'reports')
  gauge('unfinished', 'Images that wait for the scanner, or are being scanned', 'running')
  gauge('oldest_seconds', 'Age of the oldest scan that has not ended', 'oldest')
}

/** At most 1,000 scanners. */
function countReports(db: Db): Promise<Counts[]> {
  return db.relaxed.rows<Counts>(sql`
    select scanner.name as scanner,
      (select count(*)::int from vulnerability_report
        where scanner_id = scanner.id and ended_at is not null) as reports,
      count(task.id)::int as running,
      coalesce(extract(epoch from clock_timestamp() - min(task.created_at))::float8, 0) as oldest
    from scanner left join task on job_type = ${vendorType} and task.ended_at is null
      and params ->> 'scannerId' = scanner.id::text
    group by scanner.id order by scanner.name limit 1000`)
}
