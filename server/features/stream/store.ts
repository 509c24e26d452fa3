import type { StreamedExecution } from '../../../api/events.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'

/** An execution as the stream tells of it. `projectId`: of a retention policy's run, the policy's project. */
type Row = {
  id: number
  vendorType: string
  vendorId: number
  trigger: string
  status: string
  message: string
  tasks: number
  unfinished: number
  succeeded: number
  failed: number
  attrs: Record<string, unknown>
  startedAt: Date
  updatedAt: Date
  endedAt: Date | null
  projectId: number | null
}

/** An execution as it is sent, and what decides who may have it. */
export type Progress = { projectId: number | null; event: StreamedExecution }

/** The most executions that one statement reads. */
export const mostLively = 1000

/** Executions of one task have their progress there until they succeed (platform/jobs/views.ts, `withProgress`). */
const progress = sql`
  execution.extra_attrs || case when execution.tasks = 1 and execution.status <> 'Success' then coalesce((
    select task.extra_attrs from task where task.execution_id = execution.id order by task.id limit 1), '{}')
    else '{}' end`

async function read(db: Queryable, where: Sql): Promise<Progress[]> {
  const rows = await db.rows<Row>(sql`
    select id, vendor_type as "vendorType", vendor_id as "vendorId", trigger, status, status_message as message,
      tasks, unfinished, succeeded, failed, ${progress} as attrs,
      started_at as "startedAt", updated_at as "updatedAt", ended_at as "endedAt",
      case when vendor_type = 'RETENTION' then (
        select project_id from retention_policy where retention_policy.id = vendor_id) end as "projectId"
    from execution where ${where} order by id desc limit ${mostLively}`)
  return rows.map(present).toReversed()
}

function present({ projectId, ...one }: Row): Progress {
  return {
    projectId,
    event: {
      id: one.id,
      vendor_type: one.vendorType,
      vendor_id: one.vendorId,
      trigger: one.trigger,
      status: one.status,
      status_message: one.message,
      metrics: {
        task_count: one.tasks,
        unfinished_task_count: one.unfinished,
        success_task_count: one.succeeded,
        error_task_count: one.failed,
      },
      attrs: one.attrs,
      start_time: one.startedAt.toISOString(),
      update_time: one.updatedAt.toISOString(),
      end_time: one.endedAt?.toISOString() ?? null,
    },
  }
}

/** Executions by their ids, oldest first. */
export async function findExecutions(db: Queryable, ids: number[]): Promise<Progress[]> {
  const found: Progress[] = []
  for (let at = 0; at < ids.length; at += mostLively)
    found.push(...(await read(db, sql`id = any(${ids.slice(at, at + mostLively)}::bigint[])`)))
  return found
}

/** The newest executions that have not ended, or not before `since`, in ms since 1970 by this process's clock. */
export function listLively(db: Queryable, since: number): Promise<Progress[]> {
  const age = Math.max(0, Date.now() - since) / 1000
  return read(db, sql`(ended_at is null or ended_at > clock_timestamp() - make_interval(secs => ${age}::float8))`)
}

type PolicyPlace = { id: number; projectId: number | null }

/** The project of each webhook policy: null of the system's. */
export function findPolicyProjects(db: Queryable, ids: number[] | 'all'): Promise<PolicyPlace[]> {
  const which = ids === 'all' ? sql`true` : sql`id = any(${ids}::bigint[])`
  return db.rows(sql`select id, project_id as "projectId" from webhook_policy where ${which} order by id limit 10000`)
}
