import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

export const facts = {
  jobStopped: (at: { taskId: number; jobType: string }, by: Actor): Fact => ({ topic: 'job.stopped', payload: { ...at, by } }),
  queuePaused: (at: { jobType: string }, by: Actor): Fact => ({ topic: 'queue.paused', payload: { ...at, by } }),
  queueResumed: (at: { jobType: string }, by: Actor): Fact => ({ topic: 'queue.resumed', payload: { ...at, by } }),
  /** What waited in it was stopped. */
  queueCleared: (at: { jobType: string; count: number }, by: Actor): Fact => ({ topic: 'queue.cleared', payload: { ...at, by } }),
}
