import type { Static } from 'typebox'
import type * as api from '../../../../api/robots.ts'
import { findProject } from '../../../catalog/project.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { holdable, maySee, type Rights, type StoredScope } from '../../access/index.ts'

type Wanted = Static<typeof api.RobotPermissionReq>
type Shown = Static<typeof api.RobotPermission>

/** Permissions that a token, or a trust rule, may name, at most. */
const most = 1000
const refuse = (text: string) => new Failure('BAD_REQUEST', text)

/**
 * The scope that a request wants, with projects by their ids: one that is made again under an old name is another one.
 * Throws BAD_REQUEST, also for a project that these rights do not show.
 */
export async function parseScope(reader: Reader, rights: Rights, wanted: Wanted[]): Promise<StoredScope> {
  if (wanted.length === 0) throw refuse('permissions are empty: leave them out for all that the account may do')
  const scope: StoredScope = { system: [], projects: {} }
  let count = 0
  for (const { kind, namespace = '', access = [] } of wanted) {
    if (kind !== 'system' && kind !== 'project') throw refuse('the kind of a permission must be system or project')
    if (access.length === 0) throw refuse('a permission needs access')
    if ((count += access.length) > most) throw refuse(`there can be at most ${most} permissions`)
    const held = access.map((one) => parseAccess(kind, one))
    if (kind === 'system') {
      if (namespace !== '/') throw refuse('the namespace of a permission of kind system must be /')
      scope.system.push(...held)
    } else {
      const place = namespace === '*' ? namespace : await idOf(reader, rights, namespace)
      scope.projects[place] = [...(scope.projects[place] ?? []), ...held]
    }
  }
  return scope
}

function parseAccess(
  kind: 'system' | 'project',
  { resource = '', action = '', effect }: NonNullable<Wanted['access']>[0],
) {
  if (effect !== undefined && effect !== '' && effect !== 'allow') throw refuse('the effect of an access must be allow')
  if (!holdable[kind].some((one) => one.resource === resource && one.action === action))
    throw refuse(`there is no ${kind} permission ${resource}:${action}: GET /api/v2.0/permissions lists them`)
  return `${resource}:${action}`
}

async function idOf(reader: Reader, rights: Rights, name: string): Promise<string> {
  const project = await findProject(reader, name)
  if (!project || !maySee(rights, project)) throw refuse(`there is no project ${name}`)
  return String(project.id)
}

/** Scopes as permissions, with the names that projects have now; those of deleted projects are left out. */
export async function presentScopes(db: Queryable, scopes: (StoredScope | null)[]): Promise<(Shown[] | undefined)[]> {
  const ids = scopes.flatMap((one) => (one ? Object.keys(one.projects).filter((place) => place !== '*') : []))
  const rows =
    ids.length === 0
      ? []
      : await db.rows<{ id: number; name: string }>(
          sql`select id, name from project where id = any(${[...new Set(ids.map(Number))]}::bigint[])`,
        )
  const names = new Map([['*', '*'], ...rows.map(({ id, name }) => [String(id), name] as const)])
  return scopes.map((scope) => {
    if (!scope) return undefined
    const system = scope.system.length > 0 ? [block('system', '/', scope.system)] : []
    const places = Object.entries(scope.projects).flatMap(([place, held]) => {
      const name = names.get(place)
      return name === undefined ? [] : [block('project', name, held)]
    })
    return [...system, ...places]
  })
}

const block = (kind: string, namespace: string, held: string[]): Shown => ({
  kind,
  namespace,
  access: held.map((one) => {
    const [resource = '', action = ''] = one.split(':')
    return { resource, action, effect: 'allow' }
  }),
})
