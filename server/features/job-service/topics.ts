import { topic } from '../../catalog/topic.ts'

type Queue = { jobType: string }
const resource = ({ jobType }: Queue) => jobType

export const facts = {
  jobStopped: topic<{ taskId: number; jobType: string }>('job.stopped'),
  queuePaused: topic<Queue>('queue.paused', { resource }),
  queueResumed: topic<Queue>('queue.resumed', { resource }),
  /** What waited in it was stopped. */
  queueCleared: topic<Queue & { count: number }>('queue.cleared', { resource }),
}

/** The log's sentence about the schedule of a chore; `cron` null: it has none any more. */
export function schedulingOf(what: string): (of: { cron: string | null }) => string {
  return ({ cron }) => (cron === null ? `end the schedule of ${what}` : `schedule ${what}: ${cron}`)
}
