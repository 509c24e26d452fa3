import type { Static } from 'typebox'
import * as api from '../../../api/members.ts'
import type { Project } from '../../catalog/project.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { demandGiving, heldBy, roleNames, route, type ApiRoute, type Rights } from '../access/index.ts'
import { addMemberTo, parseRole, removeMember, updateMember, type Wanted } from './actions.ts'
import { findMember, listMembers, memberOrder, type Member } from './store.ts'

export function memberRoutes({ db }: { db: Db }): ApiRoute[] {
  return [
    route(api.listProjectMembers, { project: 'member', verb: 'list' }, async ({ project, query }) => {
      const { entityname = '' } = query
      const { rows, total } = await listMembers(db, project.id, entityname, listing({}, query, memberOrder))
      return { rows: rows.map(present), total }
    }),
    route(api.createProjectMember, { project: 'member', verb: 'create' }, async ({ project, body, caller, rights }) => {
      demandRole(rights, project, body.role_id)
      return created(await addMemberTo(db, actorOf(caller), project, parseWanted(body), body.role_id))
    }),
    route(api.getProjectMember, { project: 'member', verb: 'read' }, async ({ project, params }) =>
      present(await getMember(project.id, params.mid)),
    ),
    route(api.updateProjectMember, { project: 'member', verb: 'update' }, async (asked) => {
      const { project, params, body, caller, rights } = asked
      demandRole(rights, project, body.role_id)
      await updateMember(db, actorOf(caller), await getMember(project.id, params.mid), body.role_id)
    }),
    route(api.deleteProjectMember, { project: 'member', verb: 'delete' }, async ({ project, params, caller }) => {
      await removeMember(db, actorOf(caller), await getMember(project.id, params.mid))
    }),
  ]

  async function getMember(projectId: number, id: number): Promise<Member> {
    const member = await findMember(db, projectId, id)
    if (!member) throw new Failure('NOT_FOUND', `the project has no member ${id}`)
    return member
  }
}

/**
 * An account whose right comes from a role of one's own, and a token, give no role of Harbor's with rights that they
 * lack. Robots may give any, as in Harbor. Throws DENIED.
 */
function demandRole(rights: Rights, project: Project, roleId: number | undefined): void {
  const role = parseRole(roleId)
  if (rights.kind !== 'robot') demandGiving(rights, project, heldBy(role))
}

/** Clients written in Go send both objects, the one that they do not mean with empty values. */
export function parseWanted({
  member_user: user = {},
  member_group: group = {},
}: Pick<Static<typeof api.ProjectMember>, 'member_user' | 'member_group'>): Wanted {
  const { user_id: userId, username } = user
  const { id: groupId, group_name: groupName, group_type: type = 0, ldap_group_dn: ldapDn } = group
  return {
    ...((userId || username) && { user: { ...(userId && { id: userId }), ...(username && { name: username }) } }),
    ...((groupId || groupName || ldapDn) && {
      group: { ...(groupId && { id: groupId }), name: groupName ?? '', type, ldapDn: ldapDn ?? '' },
    }),
  }
}

function present({
  id,
  projectId,
  role,
  kind,
  entityId,
  name,
  createdAt,
  addedBy,
}: Member): Static<typeof api.ProjectMemberEntity> {
  return {
    id,
    project_id: projectId,
    entity_name: name,
    role_name: roleNames[role],
    role_id: role,
    entity_id: entityId,
    entity_type: kind === 'account' ? 'u' : 'g',
    creation_time: createdAt.toISOString(),
    ...(addedBy === null ? {} : { added_by: addedBy }),
  }
}
