import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Metrics } from '../../platform/observe/metrics.ts'
import { copyName } from './executions.ts'

type Tally = { endpoint: string; bytes: number; tasks: number; errors: number; behind: number }

/** Registers the metrics of each endpoint. They are the same in every process: the database counts them. */
export function measureReplication(metrics: Metrics, db: Db): void {
  const read = (key: Exclude<keyof Tally, 'endpoint'>) => async () =>
    (await listTallies(db)).map((one) => ({ labels: [one.endpoint], value: one[key] }))
  const gauge = (name: string, help: string, key: Exclude<keyof Tally, 'endpoint'>) =>
    metrics.gauges(`marina_replication_${name}`, help, ['endpoint'], read(key))
  gauge('bytes', 'Bytes of blobs sent from or to another registry, of tasks that have ended', 'bytes')
  gauge('tasks', 'Tasks of replication that have ended', 'tasks')
  gauge('errors', 'Tasks of replication that have failed', 'errors')
  gauge('behind_seconds', 'Age of the oldest event that has not been replicated yet', 'behind')
}

/** At most 1,000 endpoints. */
function listTallies(db: Db): Promise<Tally[]> {
  return db.relaxed.rows<Tally>(sql`
    select endpoint.name as endpoint, coalesce(bytes, 0) as bytes, coalesce(tasks, 0) as tasks,
      coalesce(errors, 0) as errors, coalesce(extract(epoch from clock_timestamp() - least(
        (select min(occurred_at) from replication_event event
          join replication_policy policy on policy.id = event.policy_id where policy.endpoint_id = endpoint.id),
        (select min((params ->> 'since')::timestamptz) from task
          where job_type = ${copyName} and ended_at is null and status in ('Pending', 'Running')
            and (params ->> 'endpointId')::bigint = endpoint.id)))::float8, 0) as behind
    from endpoint left join replication_tally tally on tally.endpoint_id = endpoint.id
    where exists (select 1 from replication_policy policy where policy.endpoint_id = endpoint.id)
    order by endpoint.name limit 1000`)
}
