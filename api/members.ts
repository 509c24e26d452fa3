import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, ownBounds, pageQuery, ProjectEither } from './requests.ts'
import { UserGroupReq } from './user-groups.ts'

export const ProjectMemberEntity = Type.Object({
  id: Type.Integer(),
  project_id: Type.Integer(),
  entity_name: Type.String(),
  role_name: Type.String(),
  role_id: Type.Integer(),
  entity_id: Type.Integer(),
  entity_type: Type.String(),
  creation_time: Type.Optional(
    Type.String({ format: 'date-time', description: "since when it is a member; not in Harbor's API" }),
  ),
  added_by: Type.Optional(Type.String({ description: "who added it; not in Harbor's API, absent for older members" })),
})

/** Names an account in a request, by its id or by its name. */
export const UserEntity = Type.Object({
  user_id: Type.Optional(Type.Integer()),
  username: Type.Optional(Type.String()),
})

/** What a client sends to add a member; in no answer. */
export const ProjectMember = Type.Object({
  role_id: Type.Optional(Type.Integer()),
  member_user: Type.Optional(UserEntity),
  member_group: Type.Optional(UserGroupReq),
})

export const RoleRequest = Type.Object({
  role_id: Type.Optional(Type.Integer()),
})

const tag = 'member'
const list = '/projects/{project_name_or_id}/members'
const path = `${list}/{mid}`
const params = Type.Object({ ...ProjectEither.properties, mid: idParam })

export const listProjectMembers = operation({
  id: 'listProjectMembers',
  tag,
  method: 'GET',
  path: list,
  summary: 'List the members of a project, users and groups',
  params: ProjectEither,
  query: Type.Object({ ...pageQuery, entityname: Type.Optional(Type.String({ maxLength: 255, ...ownBounds })) }),
  status: 200,
  answer: Type.Array(ProjectMemberEntity),
  page: true,
})

export const createProjectMember = operation({
  id: 'createProjectMember',
  tag,
  method: 'POST',
  path: list,
  summary: 'Give a user or a group a role in a project',
  params: ProjectEither,
  body: ProjectMember,
  status: 201,
})

export const getProjectMember = operation({
  id: 'getProjectMember',
  tag,
  method: 'GET',
  path,
  summary: 'Get a member of a project',
  params,
  status: 200,
  answer: ProjectMemberEntity,
})

export const updateProjectMember = operation({
  id: 'updateProjectMember',
  tag,
  method: 'PUT',
  path,
  summary: 'Change the role of a member',
  params,
  body: RoleRequest,
  status: 200,
})

export const deleteProjectMember = operation({
  id: 'deleteProjectMember',
  tag,
  method: 'DELETE',
  path,
  summary: 'Remove a member from a project',
  params,
  status: 200,
})
