import type { Queryable } from '../../platform/db/db.ts'
import { readJobLog } from '../../platform/jobs/log.ts'
import { findExecution, findFirstTask, type Vendor } from '../../platform/jobs/views.ts'

/**
 * The log of an execution that has one task: '' when nothing was logged, undefined when this vendor has no such
 * execution.
 */
export async function readExecutionLog(
  db: Queryable,
  vendor: Vendor,
  executionId: number,
): Promise<string | undefined> {
  if (!(await findExecution(db, vendor, executionId))) return undefined
  const task = await findFirstTask(db, executionId)
  return task ? readJobLog(db, task.id) : ''
}
