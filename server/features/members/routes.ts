import type { Static } from 'typebox'
import * as api from '../../../api/members.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { roleNames, route, type ApiRoute } from '../access/index.ts'
import { addMemberTo, removeMember, updateMember, type Wanted } from './actions.ts'
import { findMember, listMembers, memberOrder, type Member } from './store.ts'

export type MemberRoutesOptions = {
  /** Takes over a person or group that a directory has and Marina does not know yet. */
  bring(by: Actor, wanted: Wanted): Promise<void>
}

export function memberRoutes({ db }: { db: Db }, { bring }: MemberRoutesOptions): ApiRoute[] {
  return [
    route(api.listProjectMembers, { project: 'member', verb: 'list' }, async ({ project, query }) => {
      const { entityname = '' } = query
      const { rows, total } = await listMembers(db, project.id, entityname, listing({}, query, memberOrder))
      return { rows: rows.map(present), total }
    }),
    route(api.createProjectMember, { project: 'member', verb: 'create' }, async ({ project, body, caller }) => {
      const [by, wanted] = [actorOf(caller), parseWanted(body)]
      await bring(by, wanted)
      return created(await addMemberTo(db, by, project, wanted, body.role_id))
    }),
    route(api.getProjectMember, { project: 'member', verb: 'read' }, async ({ project, params }) =>
      present(await getMember(project.id, params.mid)),
    ),
    route(api.updateProjectMember, { project: 'member', verb: 'update' }, async ({ project, params, body, caller }) => {
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

/** Clients written in Go send both objects, the one that they do not mean with empty values. */
function parseWanted({ member_user: user = {}, member_group: group = {} }: Static<typeof api.ProjectMember>): Wanted {
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
