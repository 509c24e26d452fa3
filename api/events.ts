import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, ownBounds } from './requests.ts'

/** What the stream can tell of; docs/operate/stream.md says what each event holds and who gets it. */
export const streamTopics = [
  'artifacts',
  'projects',
  'executions',
  'collections',
  'replications',
  'webhooks',
  'deliveries',
] as const

export type StreamTopic = (typeof streamTopics)[number]

/** The data of one event, as JSON in the `data` line; of topic `executions`, StreamedExecution, and so on. */
export type StreamedFact = {
  /** The fact's id: the same each time it is sent. */
  id: number
  /** The name of the fact, such as `artifact.pushed`. */
  fact: string
  at: string
  project_id: number | null
  data: Record<string, unknown>
}

/** The state of an execution; `attrs` is its progress, as its kind of job writes it. */
export type StreamedExecution = {
  id: number
  vendor_type: string
  vendor_id: number
  trigger: string
  status: string
  status_message: string
  metrics: { task_count: number; unfinished_task_count: number; success_task_count: number; error_task_count: number }
  attrs: Record<string, unknown>
  start_time: string
  update_time: string
  end_time: string | null
}

/** Deliveries of this policy were added, or tried. `project_id` null: a policy of the whole system. */
export type StreamedDeliveries = { policy_id: number; project_id: number | null }

export const streamEvents = operation({
  id: 'streamEvents',
  tag: 'event',
  method: 'GET',
  path: '/events/stream',
  summary:
    'Follow what happens, as server-sent events: each caller gets what they may read. Last-Event-ID resumes; ' +
    '`reset` tells that something was missed',
  query: Type.Object({
    topics: Type.Optional(
      Type.String({ maxLength: 255, ...ownBounds, description: `of ${streamTopics.join(', ')}; all when left out` }),
    ),
    project_id: Type.Optional(idParam),
    seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86_400,
        ...ownBounds,
        description:
          'ends the stream after this time; 0 sends what there is since Last-Event-ID, for clients that poll',
      }),
    ),
  }),
  status: 200,
  answer: Type.String(),
})
