import { Type } from './type.ts'
import { operation } from './operation.ts'
import { UserEntity } from './members.ts'
import { Permission } from './permissions.ts'
import { idParam, pageQuery, PageQuery, ProjectEither } from './requests.ts'
import { UserGroupReq } from './user-groups.ts'

/** What a client may send of a role; a new one needs a name and permissions. */
export const RoleReq = Type.Object({
  name: Type.Optional(Type.String({ description: '1 to 64 letters, digits, spaces, _ . and -' })),
  description: Type.Optional(Type.String()),
  permissions: Type.Optional(Type.Array(Permission, { description: 'such as repository and pull' })),
})

export const Role = Type.Object({
  id: Type.Integer({ description: "1 to 5 are Harbor's roles" }),
  name: Type.String(),
  description: Type.String(),
  project_id: Type.Optional(Type.Integer({ description: 'absent: for every project' })),
  built_in: Type.Boolean({ description: "one of Harbor's roles, which cannot be changed" }),
  permissions: Type.Array(Permission),
  bindings: Type.Integer({ description: 'how many bindings give it, in the projects that the list is about' }),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})

/** Names a user or a group, by id or by name, as for members. */
const Holder = {
  member_user: Type.Optional(UserEntity),
  member_group: Type.Optional(UserGroupReq),
}

export const RoleBindingReq = Type.Object({
  role_id: idParam,
  repositories: Type.Optional(
    Type.String({
      description: 'a doublestar pattern over names of repositories without the project; absent: the whole project',
    }),
  ),
  ...Holder,
})

export const RoleBinding = Type.Object({
  id: Type.Integer(),
  project_id: Type.Integer(),
  role_id: Type.Integer(),
  role_name: Type.String(),
  entity_id: Type.Integer(),
  entity_name: Type.String(),
  entity_type: Type.String({ description: 'u for a user, g for a group, as for members' }),
  repositories: Type.Optional(Type.String({ description: 'absent: the whole project' })),
  added_by: Type.String(),
  creation_time: Type.String({ format: 'date-time' }),
})

export const AuditorReq = Type.Object({
  may_pull: Type.Optional(Type.Boolean({ description: 'whether they may pull from every project, too' })),
  ...Holder,
})

export const Auditor = Type.Object({
  id: Type.Integer(),
  entity_id: Type.Integer(),
  entity_name: Type.String(),
  entity_type: Type.String({ description: 'u for a user, g for a group' }),
  may_pull: Type.Boolean(),
  added_by: Type.String(),
  creation_time: Type.String({ format: 'date-time' }),
})

const tag = 'role'
const role = '/roles/{role_id}'
const roleParams = Type.Object({ role_id: idParam })

export const listRoles = operation({
  id: 'listRoles',
  tag,
  method: 'GET',
  path: '/roles',
  summary: "List the roles for every project: Harbor's five and those of one's own",
  query: PageQuery,
  status: 200,
  answer: Type.Array(Role),
  page: true,
})

export const createRole = operation({
  id: 'createRole',
  tag,
  method: 'POST',
  path: '/roles',
  summary: 'Make a role for every project',
  body: RoleReq,
  status: 201,
})

export const getRole = operation({
  id: 'getRole',
  tag,
  method: 'GET',
  path: role,
  summary: 'Get a role',
  params: roleParams,
  status: 200,
  answer: Role,
})

export const updateRole = operation({
  id: 'updateRole',
  tag,
  method: 'PUT',
  path: role,
  summary: 'Change a role for all who hold it, with their next requests',
  params: roleParams,
  body: RoleReq,
  status: 200,
})

export const deleteRole = operation({
  id: 'deleteRole',
  tag,
  method: 'DELETE',
  path: role,
  summary: 'Delete a role that nobody holds',
  params: roleParams,
  status: 200,
})

export const listProjectRoles = operation({
  id: 'listProjectRoles',
  tag,
  method: 'GET',
  path: '/projects/{project_name_or_id}/roles',
  summary: "List the roles that can be given in a project: those for every project and the project's own",
  params: ProjectEither,
  query: PageQuery,
  status: 200,
  answer: Type.Array(Role),
  page: true,
})

export const createProjectRole = operation({
  id: 'createProjectRole',
  tag,
  method: 'POST',
  path: '/projects/{project_name_or_id}/roles',
  summary: 'Make a role for this project alone',
  params: ProjectEither,
  body: RoleReq,
  status: 201,
})

const bindings = '/projects/{project_name_or_id}/role-bindings'

export const listRoleBindings = operation({
  id: 'listRoleBindings',
  tag,
  method: 'GET',
  path: bindings,
  summary: 'List who holds which role, in the whole project or in some of its repositories',
  params: ProjectEither,
  query: Type.Object({ ...pageQuery, role_id: Type.Optional(idParam) }),
  status: 200,
  answer: Type.Array(RoleBinding),
  page: true,
})

export const createRoleBinding = operation({
  id: 'createRoleBinding',
  tag,
  method: 'POST',
  path: bindings,
  summary: 'Give a user or a group a role in a project, or in the repositories that a pattern matches',
  params: ProjectEither,
  body: RoleBindingReq,
  status: 201,
})

export const deleteRoleBinding = operation({
  id: 'deleteRoleBinding',
  tag,
  method: 'DELETE',
  path: `${bindings}/{binding_id}`,
  summary: 'Take a role from a user or a group',
  params: Type.Object({ ...ProjectEither.properties, binding_id: idParam }),
  status: 200,
})

export const listAuditors = operation({
  id: 'listAuditors',
  tag,
  method: 'GET',
  path: '/system/auditors',
  summary: 'List the auditors: they read all that an administrator reads, and change nothing',
  query: PageQuery,
  status: 200,
  answer: Type.Array(Auditor),
  page: true,
})

export const createAuditor = operation({
  id: 'createAuditor',
  tag,
  method: 'POST',
  path: '/system/auditors',
  summary: 'Make a user or a group an auditor of the system',
  body: AuditorReq,
  status: 201,
})

export const deleteAuditor = operation({
  id: 'deleteAuditor',
  tag,
  method: 'DELETE',
  path: '/system/auditors/{auditor_id}',
  summary: 'Make a user or a group an auditor no more',
  params: Type.Object({ auditor_id: idParam }),
  status: 200,
})

/** The same reason for programs: a portal says it in the language of its reader. */
const reasonCode = {
  text: Type.String({ description: 'a sentence for people, in English' }),
  code: Type.String({
    description:
      'which sentence it is: administrator, auditor_reads, auditor_pulls, role, public_project, robot_permission, ' +
      'token_scope, disabled; of rules for tags: tag_rule',
  }),
  parameters: Type.Record(Type.String(), Type.String(), {
    description: 'what is named in the sentence, such as role, right (resource:action), group and repositories',
  }),
}

/** One link of the chain by which somebody may do something. */
export const AccessReason = Type.Object({
  kind: Type.String({
    description:
      'administrator, auditor, role, own role, public project, robot permission; also token scope and disabled, ' +
      'which only take away',
  }),
  ...reasonCode,
  role_id: Type.Optional(Type.Integer()),
  role_name: Type.Optional(Type.String()),
  group_name: Type.Optional(Type.String({ description: 'the group through which they hold it' })),
  repositories: Type.Optional(Type.String({ description: 'the pattern within which it holds' })),
})

export const AccessEntry = Type.Object({
  entity_type: Type.String({ description: 'u for a user, g for a group, r for a robot, t for a token, a for anyone' }),
  entity_id: Type.Optional(Type.Integer()),
  entity_name: Type.String(),
  action: Type.String({ description: 'resource:action' }),
  allowed: Type.Boolean(),
  only_in: Type.Optional(
    Type.Array(Type.String(), { description: 'patterns: allowed in repositories that one of these matches alone' }),
  ),
  because: Type.Array(AccessReason),
  protected_by: Type.Array(Type.Object({ rule_id: Type.Integer(), rule_name: Type.String(), ...reasonCode }), {
    description: 'rules for tags that refuse it for the tags they match',
  }),
})

export const getProjectAccess = operation({
  id: 'getProjectAccess',
  tag,
  method: 'GET',
  path: '/projects/{project_name_or_id}/access',
  summary: 'Who may do this in a project, and why',
  params: ProjectEither,
  query: Type.Object({
    ...pageQuery,
    who: Type.Optional(
      Type.String({
        maxLength: 300,
        description:
          'the name of an account or robot, user:NAME, group:NAME, robot:NAME, token:ID or anonymous; ' +
          'absent: all who may do the action',
      }),
    ),
    action: Type.Optional(
      Type.String({ maxLength: 100, description: 'resource:action such as repository:push; all, or absent: each' }),
    ),
    repository: Type.Optional(
      Type.String({ maxLength: 255, description: 'the name of a repository without the project' }),
    ),
    tag: Type.Optional(Type.String({ maxLength: 128, description: 'a tag, for the rules that protect tags' })),
  }),
  status: 200,
  answer: Type.Array(AccessEntry),
  page: true,
})
