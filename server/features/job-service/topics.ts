import { topic } from '../../catalog/topic.ts'

type Queue = { jobType: string }
const resource = ({ jobType }: Queue) => jobType

export const facts = {
  jobStopped: topic<{ taskId: number; jobType: string }>('job.stopped'),
  queuePaused: topic<Queue>('queue.paused', { resource }),
  queueResumed: topic<Queue>('queue.resumed', { resource }),
  /** The pending jobs of a queue were stopped. */
  queueCleared: topic<Queue & { count: number }>('queue.cleared', { resource }),
}

/** The audit log's sentence about a chore's schedule; `cron` null: the schedule was removed. */
export function schedulingOf(what: string): (of: { cron: string | null }) => string {
  return ({ cron }) => (cron === null ? `end the schedule of ${what}` : `schedule ${what}: ${cron}`)
}
