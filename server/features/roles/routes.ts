import * as api from '../../../api/roles.ts'
import { findProjectById, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { mayInProject, maySee, maySystem, route, type ApiRoute, type Rights, type Verb } from '../access/index.ts'
import { parseWanted } from '../members/index.ts'
import { absent, createRole, deleteRole, updateRole } from './actions.ts'
import { bindRole, endAuditor, makeAuditor, unbindRole } from './bindings.ts'
import { findAuditor, findBinding, listAuditors, listBindings } from './binding-store.ts'
import { findRole, listRoles, type Role } from './store.ts'
import { parseRole, presentAuditor, presentBinding, presentRole } from './wire.ts'

type Ground = { reader: Reader & { db: Db } }

export const roleRoutes = (ground: Ground): ApiRoute[] => [
  ...rolesThemselves(ground),
  ...bindingRoutes(ground),
  ...auditorRoutes(ground),
]

const unset = { name: '', description: '', permissions: [] }
const partOf = (query: { page?: number; page_size?: number }) => listing({}, query, sql`1`)

/** Roles for every project are the administrator's; a project's administrators have roles of their own project. */
function rolesThemselves({ reader }: Ground): ApiRoute[] {
  const { db } = reader
  return [
    route(api.listRoles, 'user', async ({ query, rights }) => {
      const { rows, total } = await listRoles(db, null, partOf(query))
      return { rows: rows.map((one) => presentRole(countedFor(rights, one))), total }
    }),
    route(api.createRole, { system: 'configuration', verb: 'update' }, async ({ body, rights, caller }) => {
      const giver = { rights, by: actorOf(caller) }
      return created(await createRole(db, giver, undefined, { ...unset, ...parseRole(body) }))
    }),
    route(api.getRole, 'own', async ({ params, rights }) =>
      presentRole((await getRole(reader, params.role_id, rights, 'read')).role),
    ),
    route(api.updateRole, 'own', async ({ params, body, rights, caller }) => {
      const { role, project } = await getRole(reader, params.role_id, rights, 'update')
      await updateRole(db, { rights, by: actorOf(caller) }, project, role.id, parseRole(body))
    }),
    route(api.deleteRole, 'own', async ({ params, rights, caller }) => {
      const { role } = await getRole(reader, params.role_id, rights, 'delete')
      await deleteRole(db, actorOf(caller), role.id)
    }),
    route(api.listProjectRoles, { project: 'member', verb: 'list' }, async ({ project, query }) => {
      const { rows, total } = await listRoles(db, project.id, partOf(query))
      return { rows: rows.map(presentRole), total }
    }),
    route(api.createProjectRole, { project: 'member', verb: 'create' }, async ({ project, body, rights, caller }) => {
      const giver = { rights, by: actorOf(caller) }
      return created(await createRole(db, giver, project, { ...unset, ...parseRole(body) }))
    }),
  ]
}

/**
 * The role of this id, for those who have the right to it: in its project, or for every project on the system. As for
 * robots (H15), 404 for an id that there is not, and 403 for a role of another project.
 */
async function getRole(
  reader: Reader,
  id: number,
  rights: Rights,
  verb: Verb,
): Promise<{ role: Role; project: Project | undefined }> {
  const role = await findRole(reader.db, id)
  if (!role) throw absent(id)
  if (role.projectId === null) {
    if (verb !== 'read' && !maySystem(rights, 'configuration', verb)) throw new Failure('FORBIDDEN')
    return { role: countedFor(rights, role), project: undefined }
  }
  const project = await findProjectById(reader, role.projectId)
  if (!project || !maySee(rights, project) || !mayInProject(rights, project, 'member', verb))
    throw new Failure('FORBIDDEN')
  return { role, project }
}

/** How often a role for every project is held is not for everybody to know. */
const countedFor = (rights: Rights, role: Role): Role =>
  maySystem(rights, 'configuration', 'read') ? role : { ...role, bindings: 0 }

function bindingRoutes({ reader: { db } }: Ground): ApiRoute[] {
  return [
    route(api.listRoleBindings, { project: 'member', verb: 'list' }, async ({ project, query }) => {
      const { rows, total } = await listBindings(db, project.id, query.role_id, partOf(query))
      return { rows: rows.map(presentBinding), total }
    }),
    route(api.createRoleBinding, { project: 'member', verb: 'create' }, async ({ project, body, rights, caller }) => {
      const { role_id: roleId, repositories = '' } = body
      const wanted = { roleId, repositories, entity: parseWanted(body) }
      return created(await bindRole(db, { rights, by: actorOf(caller) }, project, wanted))
    }),
    route(api.deleteRoleBinding, { project: 'member', verb: 'delete' }, async ({ project, params, caller }) => {
      const binding = await findBinding(db, project.id, params.binding_id)
      if (!binding) throw new Failure('NOT_FOUND', `the project has no binding ${params.binding_id}`)
      await unbindRole(db, actorOf(caller), binding)
    }),
  ]
}

function auditorRoutes({ reader: { db } }: Ground): ApiRoute[] {
  return [
    route(api.listAuditors, { system: 'configuration', verb: 'read' }, async ({ query }) => {
      const { rows, total } = await listAuditors(db, partOf(query))
      return { rows: rows.map(presentAuditor), total }
    }),
    route(api.createAuditor, { system: 'configuration', verb: 'update' }, async ({ body, caller }) =>
      created(await makeAuditor(db, actorOf(caller), parseWanted(body), body.may_pull ?? false)),
    ),
    route(api.deleteAuditor, { system: 'configuration', verb: 'update' }, async ({ params, caller }) => {
      const auditor = await findAuditor(db, params.auditor_id)
      if (!auditor) throw new Failure('NOT_FOUND', `there is no auditor ${params.auditor_id}`)
      await endAuditor(db, actorOf(caller), auditor)
    }),
  ]
}
