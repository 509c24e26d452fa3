import type { AnswerOf } from '../../../../api/operation.ts'
import * as systemApi from '../../../../api/system-webhooks.ts'
import * as projectApi from '../../../../api/webhooks.ts'
import { forget } from '../../lib/query.ts'
import { fillPath } from '../../lib/routes.ts'

export type Policy = AnswerOf<typeof projectApi.getPolicy>
export type Target = Policy['targets'][number]
export type Delivery = AnswerOf<typeof projectApi.getDelivery>
export type Execution = AnswerOf<typeof projectApi.listExecutions>[number]

type Operations = Omit<typeof projectApi, 'listLastTriggers' | 'getSupportedEventTypes' | 'listWebhookJobs'>

/** Whose webhooks they are: a project's, or the system's, which have the same operations at other paths. */
export type Side = {
  api: Operations
  params: { project_name_or_id: string }
  /** The name in samples of payloads. */
  project: string
  /** Where the list is, and one policy. */
  list: string
  one(id: number): string
  /** Where the paths of the operations begin. */
  path: string
  /** Asks again for what is shown of these webhooks. */
  forget(): void
}

export function projectSide(project: string): Side {
  const path = `/projects/${project}/webhook`
  const list = fillPath('/p/:project/-/webhooks', { project })
  return {
    api: projectApi,
    params: { project_name_or_id: project },
    project,
    list,
    one: (id) => `${list}/${id}`,
    path,
    forget: () => forget(path),
  }
}

// The system's operations take no project: the parameter that is too much is in no path.
export const systemSide: Side = {
  api: systemApi as unknown as Operations,
  params: {} as Side['params'],
  project: 'my-project',
  list: '/webhooks',
  one: (id) => `/webhooks/${id}`,
  path: '/system/webhook',
  forget: () => forget('/system/webhook'),
}
