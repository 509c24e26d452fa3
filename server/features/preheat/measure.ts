import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Metrics } from '../../platform/observe/metrics.ts'

type Tally = { instance: string; provider: string; status: string; succeeded: number; failed: number }

/** Registers the metrics of each service. They are the same in every process: the database counts them. */
export function measurePreheat(metrics: Metrics, db: Db): void {
  metrics.gauges(
    'marina_preheat_images',
    'Images that a service was asked to preheat and that have ended, by their result',
    ['instance', 'result'],
    async () =>
      (await listTallies(db)).flatMap(({ instance, succeeded, failed }) => [
        { labels: [instance, 'success'], value: succeeded },
        { labels: [instance, 'error'], value: failed },
      ]),
  )
  metrics.gauges(
    'marina_preheat_instance_up',
    '1 while a service that preheats answered at the last call, 0 while it did not; none before the first call',
    ['instance', 'provider'],
    async () =>
      (await listTallies(db))
        .filter(({ status }) => status !== 'Unknown')
        .map(({ instance, provider, status }) => ({
          labels: [instance, provider],
          value: status === 'Healthy' ? 1 : 0,
        })),
  )
}

/** At most 1,000 instances. */
function listTallies(db: Db): Promise<Tally[]> {
  return db.relaxed.rows<Tally>(sql`
    select name as instance, provider, status, coalesce(succeeded, 0) as succeeded, coalesce(failed, 0) as failed
    from preheat_instance left join preheat_tally on instance_id = preheat_instance.id
    order by name limit 1000`)
}
