import type { Db } from '../../platform/db/db.ts'
import { ensureSchedule } from '../../platform/jobs/schedule.ts'
import { sweepExecutions } from '../../platform/jobs/sweep.ts'
import { handler, jobType, type JobHandler } from '../../platform/jobs/type.ts'

/** Harbor's name for the job that deletes old executions. */
const executionSweep = jobType<{ by?: string }>({
  name: 'EXECUTION_SWEEP',
  isSingle: true,
  isAlone: true,
  priority: 5,
  keep: 20,
})

/**
 * Deletes old executions. Each type keeps its newest ones, and every execution that ended within the last `days` days
 * stays. `others`: all job handlers.
 */
export function sweepHandler(db: Db, others: () => readonly JobHandler[], days: number): JobHandler {
  return handler(executionSweep, async ({ signal, log }) => {
    const kept = others().map(({ type: { name, keep } }) => ({ vendorType: name, keep }))
    const count = await sweepExecutions(db, { kept, keepOthers: 50, days, signal })
    log(`${count} executions deleted`)
    return { attrs: { deleted: count } }
  })
}

/** Schedules the sweep every 10 minutes, unless it has a schedule; an administrator may pause it like any other. */
export async function scheduleSweep(db: Db): Promise<void> {
  await ensureSchedule(db, executionSweep, { cronType: 'Custom', cron: '0 */10 * * * *', params: {} })
}
