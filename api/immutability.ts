import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, ListQuery, ownBounds, ProjectEither } from './requests.ts'

export const ImmutableSelectorReq = Type.Object({
  kind: Type.Optional(Type.String()),
  decoration: Type.Optional(Type.String()),
  pattern: Type.Optional(Type.String()),
  extras: Type.Optional(Type.String()),
})

export const ImmutableSelector = Type.Object({
  kind: Type.String(),
  decoration: Type.String(),
  pattern: Type.String(),
  extras: Type.Optional(Type.String()),
})

/** What a client may send of a rule; a new rule needs both kinds of selectors. */
export const ImmutableRuleReq = Type.Object({
  id: Type.Optional(Type.Integer()),
  // The bounds of PostgreSQL's integer.
  priority: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647, ...ownBounds })),
  disabled: Type.Optional(Type.Boolean()),
  action: Type.Optional(Type.String()),
  template: Type.Optional(Type.String()),
  params: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  tag_selectors: Type.Optional(Type.Array(ImmutableSelectorReq)),
  scope_selectors: Type.Optional(Type.Record(Type.String(), Type.Array(ImmutableSelectorReq))),
})

export const ImmutableRule = Type.Object({
  id: Type.Integer(),
  priority: Type.Integer(),
  disabled: Type.Boolean(),
  action: Type.String(),
  template: Type.String(),
  params: Type.Record(Type.String(), Type.Unknown()),
  tag_selectors: Type.Array(ImmutableSelector),
  scope_selectors: Type.Record(Type.String(), Type.Array(ImmutableSelector)),
})

const tag = 'immutable'
const list = '/projects/{project_name_or_id}/immutabletagrules'
const path = `${list}/{immutable_rule_id}`
const params = Type.Object({ ...ProjectEither.properties, immutable_rule_id: idParam })

export const listImmutableRules = operation({
  id: 'ListImmuRules',
  tag,
  method: 'GET',
  path: list,
  summary: 'List the rules that keep tags of a project as they are',
  params: ProjectEither,
  query: ListQuery,
  status: 200,
  answer: Type.Array(ImmutableRule),
  page: true,
})

export const createImmutableRule = operation({
  id: 'CreateImmuRule',
  tag,
  method: 'POST',
  path: list,
  summary: 'Keep tags that a pattern matches as they are',
  params: ProjectEither,
  body: ImmutableRuleReq,
  status: 201,
})

export const updateImmutableRule = operation({
  id: 'UpdateImmuRule',
  tag,
  method: 'PUT',
  path,
  summary: 'Change a rule, or switch it off',
  params,
  body: ImmutableRuleReq,
  status: 200,
})

export const deleteImmutableRule = operation({
  id: 'DeleteImmuRule',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete a rule',
  params,
  status: 200,
})
