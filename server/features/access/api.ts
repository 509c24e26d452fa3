import type { IncomingHttpHeaders } from 'node:http'
import type { Operation } from '../../../api/operation.ts'
import { findProject, findProjectById, missProject, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Answer, Asked, Route } from '../../platform/http/route.ts'
import type { Caller } from '../../registry/caller.ts'
import { maySee } from './reach.ts'
import {
  mayInEvery,
  mayInProject,
  maySystem,
  patternsIn,
  type ProjectResource,
  type Rights,
  type SystemResource,
  type Verb,
} from './rules.ts'
import { findRights, type RightsReader } from './store.ts'

/**
 * Who may call an operation, declared on its row:
 * - 'anyone', also without credentials;
 * - 'user': every signed-in account or robot;
 * - 'own': the handler decides from the stored row (operations that name it by an id alone);
 * - a right in the project that the path names, or the same right on `or`: then the handler checks which it needs.
 *   Where the path names a repository, the right in that repository is enough; with `isPartly` the right in any part of
 *   the project is, and the handler answers for that part alone (viewerIn, demandIn);
 * - a right on the system.
 */
export type Access =
  | 'anyone'
  | 'user'
  | 'own'
  | { project: ProjectResource; verb: Verb; or?: ProjectResource; isPartly?: true }
  | { system: SystemResource; verb: Verb }

/** What a handler learns of its caller; also the project, where the access names a right in one. */
type GrantedBy<A> = A extends { project: ProjectResource } ? Granted & { project: Project } : Granted
export type Granted = { caller: Caller; rights: Rights }
export type ApiRoute = Route<Access>

/** Binds an operation to its access and its handler. `isAlikeForAll`: see Route. */
export function route<O extends Operation, const A extends Access>(
  operation: O,
  access: A,
  handler: (asked: Asked<O, GrantedBy<A>>) => Promise<Answer<O>>,
  { isAlikeForAll = false } = {},
): ApiRoute {
  return { operation, access, isAlikeForAll, handler }
}

type Params = { project_name_or_id?: string; project_name?: string; repository_name?: string }

/**
 * Checks the access of an operation. Throws UNAUTHORIZED without credentials and FORBIDDEN with them. NOT_FOUND for a
 * project is thrown only to callers who have the right in every project; others cannot tell it from a hidden one
 * (C-71).
 */
export function openAccess(reader: RightsReader) {
  return async (
    caller: Caller,
    access: Access,
    params: unknown,
    headers: IncomingHttpHeaders,
  ): Promise<GrantedBy<Access>> => {
    const rights = await findRights(reader, caller)
    if (!rights || (rights.kind !== 'anonymous' && rights.isDisabled)) throw new Failure('UNAUTHORIZED')
    const refuse = () => new Failure(caller.kind === 'anonymous' ? 'UNAUTHORIZED' : 'FORBIDDEN')
    const granted = { caller, rights }
    if (access === 'anyone') return granted
    if (access === 'user' || access === 'own') {
      if (caller.kind === 'anonymous') throw refuse()
      return granted
    }
    if ('system' in access) {
      if (!maySystem(rights, access.system, access.verb)) throw refuse()
      return granted
    }
    const project = await projectOfPath(reader, params as Params, headers)
    const either = access.or === undefined ? [access.project] : [access.project, access.or]
    if (!project && either.some((resource) => mayInEvery(rights, resource, access.verb)))
      throw new Failure('NOT_FOUND', 'this project does not exist')
    if (project && !maySee(rights, project)) await missProject(reader)
    const { repository_name: repository } = params as Params
    const mayIn = (known: Project) =>
      either.some(
        (resource) =>
          mayInProject(rights, known, resource, access.verb, repository) ||
          (access.isPartly && patternsIn(rights, known.id, resource, access.verb).length > 0),
      )
    if (!project || !maySee(rights, project) || !mayIn(project)) throw refuse()
    return { ...granted, project }
  }
}

/** Throws FORBIDDEN unless they hold the right in this repository, which a query or a body names. */
export function demandIn(
  { rights, project }: { rights: Rights; project: Project },
  repository: string,
  resource: ProjectResource,
  verb: Verb,
): void {
  if (!mayInProject(rights, project, resource, verb, repository)) throw new Failure('FORBIDDEN')
}

/** Finds the project by name; by id when the path has a number, unless X-Is-Resource-Name says that it is a name. */
async function projectOfPath(
  reader: Reader,
  { project_name_or_id: either, project_name: name }: Params,
  headers: IncomingHttpHeaders,
): Promise<Project | undefined> {
  if (name !== undefined) return findProject(reader, name)
  const isName = headers['x-is-resource-name']?.toString().toLowerCase() === 'true'
  return !isName && /^\d{1,15}$/.test(either!) ? findProjectById(reader, Number(either)) : findProject(reader, either!)
}
