import type { listAuditLogExts } from '../../../../api/audit.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { artifactPlace, projectPlace, repositoryPlace, splitRepository } from '../../lib/places.ts'
import { isQ, likeQ } from '../../lib/q.ts'
import { facetOf } from '../../ui/facets.tsx'

export type Entry = AnswerOf<typeof listAuditLogExts>[number]

/** Names of the filters in the address; the grid's own filter is `q`. */
export const filters = ['who', 'what', 'op', 'ok', 'from', 'to', 'event'] as const

/** The API's `q` for the filters in the address and a text that the object's name holds; '' for none. */
export function auditQ(text: string): string {
  const [who, what, op, ok, from, to, event] = filters.map(facetOf)
  const time = from || to ? [`op_time=[${dayAt(from, '00:00:00')}~${dayAt(to, '23:59:59')}]`] : []
  return [
    ...(text === '' ? [] : [likeQ('resource', text)]),
    ...(who ? [likeQ('username', who)] : []),
    ...(what ? [isQ('resource_type', what)] : []),
    ...(op ? [isQ('operation', op)] : []),
    ...(ok ? [isQ('operation_result', ok)] : []),
    ...(event ? [isQ('event_id', event)] : []),
    ...time,
  ].join(',')
}

/** A day in the reader's time zone, as the API takes times. */
const dayAt = (day: string | undefined, time: string): string => {
  const at = new Date(`${day ?? ''}T${time}`)
  return Number.isNaN(at.getTime()) ? '' : at.toISOString()
}

/** Where the object of an entry is in the portal; undefined for what has no page, or is gone. */
export function placeOf({ resource, resource_type: type, operation }: Entry): string | undefined {
  if (operation === 'delete') return undefined
  if (type === 'project') return projectPlace(resource)
  if (type === 'repository' && resource.includes('/')) {
    const { project, repository } = splitRepository(resource)
    return repositoryPlace(project, repository)
  }
  const [, name, reference] = /^(.+?)[@:](.+)$/.exec(resource) ?? []
  if ((type !== 'artifact' && type !== 'tag') || !name?.includes('/') || !reference) return undefined
  const { project, repository } = splitRepository(name)
  return artifactPlace(project, repository, reference)
}
