import { Type } from 'typebox'
import { ProjectMember, ProjectMemberEntity, RoleRequest } from '../../../api/members.ts'
import { idParam, pageQuery, ProjectEither } from '../../../api/requests.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import { roleNames, route } from '../access/index.ts'
import { addMemberTo, removeMember, updateMember } from './actions.ts'
import { findMember, listMembers, type Member } from './store.ts'

const prefix = '/api/v2.0'
const tag = 'member'
const base = '/projects/{project_name_or_id}/members'
const MemberId = Type.Object({ ...ProjectEither.properties, mid: idParam })

export function memberRoutes({ db }: { db: Db }) {
  return [
    route({
      id: 'listProjectMembers', tag, method: 'GET', path: base, access: { project: 'member', verb: 'list' },
      summary: 'List the members of a project, users and groups',
      schema: { params: ProjectEither, query: Type.Object({ ...pageQuery, entityname: Type.Optional(Type.String({ maxLength: 255 })) }), answers: { 200: Type.Array(ProjectMemberEntity) } },
      async handler({ project, query: { entityname = '', ...query }, header }) {
        const { limit, offset, page, pageSize } = listing({}, query, sql`name`)
        const { members, total } = await listMembers(db, project.id, { name: entityname, limit, offset })
        pageHeaders(`${prefix}/projects/${project.id}/members`, { ...query, entityname: entityname || undefined }, page, pageSize, total, header)
        return { status: 200, body: members.map(present) }
      },
    }),
    route({
      id: 'createProjectMember', tag, method: 'POST', path: base, access: { project: 'member', verb: 'create' },
      summary: 'Give a user or a group a role in a project',
      schema: { params: ProjectEither, body: ProjectMember, answers: { 201: null } },
      async handler({ project, body: { role_id: role, member_user: user, member_group: group }, caller, header }) {
        const wanted = {
          ...(user && { user: { ...(user.user_id && { id: user.user_id }), ...(user.username && { name: user.username }) } }),
          ...(group && { group: { ...(group.id && { id: group.id }), name: group.group_name ?? '', type: group.group_type ?? 0, ldapDn: group.ldap_group_dn ?? '' } }),
        }
        const id = await addMemberTo(db, actorOf(caller), project, wanted, role)
        header('location', `${prefix}/projects/${project.id}/members/${id}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'getProjectMember', tag, method: 'GET', path: `${base}/{mid}`, access: { project: 'member', verb: 'read' },
      summary: 'Get a member of a project',
      schema: { params: MemberId, answers: { 200: ProjectMemberEntity } },
      handler: async ({ project, params }) => ({ status: 200, body: present(await getMember(project.id, params.mid)) }),
    }),
    route({
      id: 'updateProjectMember', tag, method: 'PUT', path: `${base}/{mid}`, access: { project: 'member', verb: 'update' },
      summary: 'Change the role of a member',
      schema: { params: MemberId, body: RoleRequest, answers: { 200: null } },
      async handler({ project, params, body, caller }) {
        await updateMember(db, actorOf(caller), await getMember(project.id, params.mid), body.role_id)
        return { status: 200 }
      },
    }),
    route({
      id: 'deleteProjectMember', tag, method: 'DELETE', path: `${base}/{mid}`, access: { project: 'member', verb: 'delete' },
      summary: 'Remove a member from a project',
      schema: { params: MemberId, answers: { 200: null } },
      async handler({ project, params, caller }) {
        await removeMember(db, actorOf(caller), await getMember(project.id, params.mid))
        return { status: 200 }
      },
    }),
  ]

  async function getMember(projectId: number, id: number): Promise<Member> {
    const member = await findMember(db, projectId, id)
    if (!member) throw new Failure('NOT_FOUND', `the project has no member ${id}`)
    return member
  }
}

function present({ id, projectId, role, kind, entityId, name }: Member) {
  return { id, project_id: projectId, entity_name: name, role_name: roleNames[role], role_id: role, entity_id: entityId, entity_type: kind === 'account' ? 'u' : 'g' }
}
