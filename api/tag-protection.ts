import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, PageQuery, ProjectEither } from './requests.ts'

const actions = Type.Array(Type.String(), {
  description: 'push (a tag that is not there yet), overwrite (one that is) and delete',
})

/** What a client may send of a rule; a new one needs a name, patterns and actions. */
export const TagProtectionReq = Type.Object({
  name: Type.Optional(Type.String({ description: '1 to 64 characters; refusals name the rule by it' })),
  repositories: Type.Optional(
    Type.String({ description: 'a doublestar pattern over names of repositories without the project' }),
  ),
  tags: Type.Optional(Type.String({ description: 'a doublestar pattern over tags' })),
  actions: Type.Optional(actions),
  role_ids: Type.Optional(
    Type.Array(Type.Integer(), { description: "roles whose holders may do it, Harbor's or own" }),
  ),
  robot_ids: Type.Optional(Type.Array(Type.Integer(), { description: 'robots that may do it' })),
  disabled: Type.Optional(Type.Boolean()),
})

const Named = Type.Object({ id: Type.Integer(), name: Type.String() })

export const TagProtection = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  repositories: Type.String(),
  tags: Type.String(),
  actions,
  roles: Type.Array(Named),
  robots: Type.Array(Named),
  disabled: Type.Boolean(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
})

/** What a rule would refuse, were it saved as it is. */
export const TagProtectionPreview = Type.Object({
  tag_count: Type.Integer({ description: 'tags of the project that the patterns match' }),
  is_whole: Type.Boolean({ description: 'false: the project has more tags than a preview looks at, 100000' }),
  tags: Type.Array(Type.Object({ repository: Type.String(), tag: Type.String() }), {
    description: 'the first 100 of them',
  }),
  refused: Type.Array(
    Type.Object({
      entity_type: Type.String({ description: 'u for a user, g for a group, r for a robot' }),
      entity_id: Type.Integer(),
      entity_name: Type.String(),
      actions,
    }),
    { description: 'who has the right today, and would be refused: the first 100' },
  ),
  refused_count: Type.Integer(),
})

const tag = 'tag-protection'
const list = '/projects/{project_name_or_id}/tagprotectionrules'
const path = `${list}/{tag_protection_id}`
const params = Type.Object({ ...ProjectEither.properties, tag_protection_id: idParam })

export const listTagProtections = operation({
  id: 'listTagProtections',
  tag,
  method: 'GET',
  path: list,
  summary: 'List the rules by which only some roles and robots may push, overwrite or delete tags',
  params: ProjectEither,
  query: PageQuery,
  status: 200,
  answer: Type.Array(TagProtection),
  page: true,
})

export const createTagProtection = operation({
  id: 'createTagProtection',
  tag,
  method: 'POST',
  path: list,
  summary: 'Protect tags that a pattern matches',
  params: ProjectEither,
  body: TagProtectionReq,
  status: 201,
})

export const updateTagProtection = operation({
  id: 'updateTagProtection',
  tag,
  method: 'PUT',
  path,
  summary: 'Change a rule, or switch it off',
  params,
  body: TagProtectionReq,
  status: 200,
})

export const deleteTagProtection = operation({
  id: 'deleteTagProtection',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete a rule',
  params,
  status: 200,
})

export const previewTagProtection = operation({
  id: 'previewTagProtection',
  tag,
  method: 'POST',
  path: `${list}/preview`,
  summary: 'Say what a rule would refuse, and save nothing',
  params: ProjectEither,
  body: TagProtectionReq,
  status: 200,
  answer: TagProtectionPreview,
})
