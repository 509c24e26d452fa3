import type { Static } from 'typebox'
import type { Schedule as ScheduleShown } from '../../../../api/jobs.ts'
import type { Stats } from '../../../../api/scan-all.ts'
import type { Schedule } from '../../../platform/jobs/schedule.ts'
import type { Status, Trigger } from '../../../platform/jobs/type.ts'
import type { Run } from './store.ts'

const titles = { MANUAL: 'Manual', SCHEDULE: 'Schedule', EVENT: 'Event' } as const satisfies Record<Trigger, string>

/** As in Harbor; images that are still to be queued count as Pending. */
export function presentStats(run: Run | undefined, counts: Partial<Record<Status, number>> = {}): Static<typeof Stats> {
  if (!run) return { total: 0, completed: 0, ongoing: false }
  const { Success = 0, Error = 0, Stopped = 0, Running = 0, Pending = 0 } = counts
  const { images = 0, queued = 0, skipped = 0 } = run.planned
  const waiting = run.isEnded ? 0 : Math.max(0, images - queued - skipped)
  const completed = Success + Error + Stopped
  return {
    total: completed + Running + Pending + waiting,
    completed,
    metrics: { Pending: Pending + waiting, Running, Success, Error, Stopped },
    ongoing: !run.isEnded,
    trigger: titles[run.trigger],
  }
}

export function presentScanSchedule(schedule: Schedule): Static<typeof ScheduleShown> {
  const { id, cronType, cron, nextAt, createdAt, updatedAt } = schedule
  return {
    id,
    status: 'Running',
    schedule: { type: cronType as 'Custom', cron, next_scheduled_time: nextAt.toISOString() },
    creation_time: createdAt.toISOString(),
    update_time: updatedAt.toISOString(),
  }
}
