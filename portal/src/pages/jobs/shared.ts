import type { listJobQueues, listWorkerPools, listWorkers } from '../../../../api/jobs.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import type { Found } from '../../lib/query.ts'

export type Queue = AnswerOf<typeof listJobQueues>[number]
export type Pool = AnswerOf<typeof listWorkerPools>[number]
export type Worker = AnswerOf<typeof listWorkers>[number]

/** What the page has asked for, for each of its tabs. */
export type ViewProps = { queues: Found<Queue[]>; pools: Found<Pool[]>; workers: Found<Worker[]> }

/** The queue that stands for all schedules. */
export const scheduler = 'SCHEDULER'
