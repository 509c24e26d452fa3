import { getCurrentUserPermissions } from '../../../api/users.ts'
import { useApi } from './query.ts'
import { isKnown, user } from './session.ts'

/** Asks whether the caller holds a right in a project, such as ('member', 'create'). False until that is known. */
export type Can = ((resource: string, action: string) => boolean) & { isKnown: boolean }

/** What anybody may do in a public project (Harbor's roles): the API tells the rights of signed-in callers alone. */
const ofAnybody = new Set([
  'project:read',
  'label:read',
  'label:list',
  'repository:list',
  'repository:pull',
  'artifact:read',
  'artifact:list',
  'artifact-addition:read',
  'tag:list',
  'accessory:list',
  'scan:read',
  'scanner:read',
])

/** The caller's rights in a project, by its name or id. */
export function useRights(project: string | number): Can {
  const isUser = user.value !== undefined
  const { data } = useApi(
    getCurrentUserPermissions,
    { query: { scope: `/project/${project}`, relative: true } },
    { isOn: isUser && isKnown.value },
  )
  if (!isUser) return canBy(ofAnybody, true)
  const held = (data ?? []).map((one) => `${one.resource === '.' ? 'project' : one.resource}:${one.action}`)
  return canBy(new Set(held), data !== undefined)
}

const canBy = (held: ReadonlySet<string>, isKnown: boolean): Can =>
  Object.assign((resource: string, action: string) => held.has(`${resource}:${action}`), { isKnown })
