import type { Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Status, Trigger } from '../../../platform/jobs/type.ts'
import { isScannable, subjectColumns, type Subject } from '../sboms/store.ts'
import type { Scanner } from '../store.ts'

/** An image and the scanner of its project; null without one that is in use. */
export type NextImage = { id: number; scannerId: string | null }

/** The images after an id (a cursor), in the order of their ids. */
export function listNext(db: Queryable, after: number, limit: number): Promise<NextImage[]> {
  return db.rows<NextImage>(sql`
    select artifact.id, scanner.id as "scannerId"
    from artifact
      join repository on repository.id = artifact.repository_id
      left join project_scanner using (project_id)
      left join scanner on not scanner.is_disabled
        and scanner.id = coalesce(project_scanner.scanner_id, (select id from scanner where is_default))
    where artifact.id > ${after} and ${isScannable}
    order by artifact.id limit ${limit}`)
}

export async function countImages(db: Queryable): Promise<number> {
  const row = await db.row<{ count: number }>(sql`select count(*) from artifact where ${isScannable}`)
  return row!.count
}

export function findDefaultScanner(db: Queryable): Promise<Pick<Scanner, 'id' | 'name' | 'isDisabled'> | undefined> {
  return db.row(sql`select id, name, is_disabled as "isDisabled" from scanner where is_default`)
}

/** How many tasks of an execution have not ended. */
export async function countUnended(db: Queryable, executionId: number): Promise<number> {
  const row = await db.row<{ count: number }>(sql`select unfinished as count from execution where id = ${executionId}`)
  return row?.count ?? 0
}

/** The last run; `planned` is what the planner knows by now: how many images there are, and how many it has queued. */
export type Run = {
  id: number
  trigger: Trigger
  isEnded: boolean
  planned: { images?: number; queued?: number; skipped?: number }
}

export function findLastRun(db: Queryable, vendorType: string, trigger?: Trigger): Promise<Run | undefined> {
  return db.row<Run>(sql`
    select execution.id, execution.trigger, execution.ended_at is not null as "isEnded",
      coalesce((
        select task.extra_attrs from task
        where task.execution_id = execution.id and task.job_type = ${vendorType} order by task.id limit 1),
      '{}') as planned
    from execution
    where vendor_type = ${vendorType} and (${trigger ?? null}::text is null or trigger = ${trigger ?? null})
    order by id desc limit 1`)
}

/** How many of the scans of a run have each status. */
export async function countScans(
  db: Queryable,
  executionId: number,
  jobType: string,
): Promise<Partial<Record<Status, number>>> {
  const rows = await db.rows<{ status: Status; count: number }>(sql`
    select status, count(*) from task
    where execution_id = ${executionId} and job_type = ${jobType} group by status`)
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

/** The images that tasks were about to look into. */
export function listSubjectsOf(db: Queryable, taskIds: number[]): Promise<Subject[]> {
  return db.rows<Subject>(sql`
    select ${subjectColumns}
    from vulnerability_report report
      join artifact on artifact.id = report.artifact_id join repository on repository.id = artifact.repository_id
    where report.task_id = any(${taskIds}::bigint[]) order by artifact.id`)
}
