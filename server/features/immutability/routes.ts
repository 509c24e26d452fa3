import { Type } from 'typebox'
import { ImmutableRule } from '../../../api/immutability.ts'
import { idParam, ListQuery, ProjectEither } from '../../../api/requests.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { createRule, deleteRule, updateRule } from './actions.ts'
import { listRules, ruleFields, ruleOrder } from './store.ts'
import { parseRule, presentRule } from './wire.ts'

const tag = 'immutable'
const path = '/projects/{project_name_or_id}/immutabletagrules'
const Params = Type.Object({ ...ProjectEither.properties, immutable_rule_id: idParam })
// Beyond these PostgreSQL's integer ends.
const Body = Type.Object({ ...ImmutableRule.properties, priority: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647 })) })

export function immutabilityRoutes(db: Db) {
  return [
    route({
      id: 'ListImmuRules', tag, method: 'GET', path, access: { project: 'immutable-tag', verb: 'list' },
      summary: 'List the rules that keep tags of a project as they are',
      schema: { params: ProjectEither, query: ListQuery, answers: { 200: Type.Array(ImmutableRule) } },
      async handler({ project, query, header }) {
        const asked = listing(ruleFields, query, ruleOrder)
        const { rules, total } = await listRules(db, project.id, asked)
        pageHeaders(`/api/v2.0/projects/${project.name}/immutabletagrules`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: rules.map(presentRule) }
      },
    }),
    route({
      id: 'CreateImmuRule', tag, method: 'POST', path, access: { project: 'immutable-tag', verb: 'create' },
      summary: 'Keep tags that a pattern matches as they are',
      schema: { params: ProjectEither, body: Body, answers: { 201: null } },
      async handler({ project, body, caller, header }) {
        const id = await createRule(db, actorOf(caller), project.id, { priority: 0, isDisabled: false, tagSelectors: [], scopeSelectors: { repository: [] }, ...parseRule(body) })
        header('location', `/api/v2.0/projects/${project.name}/immutabletagrules/${id}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'UpdateImmuRule', tag, method: 'PUT', path: `${path}/{immutable_rule_id}`, access: { project: 'immutable-tag', verb: 'update' },
      summary: 'Change a rule, or switch it off',
      schema: { params: Params, body: Body, answers: { 200: null } },
      async handler({ project, params, body, caller }) {
        await updateRule(db, actorOf(caller), project.id, params.immutable_rule_id, parseRule(body))
        return { status: 200 }
      },
    }),
    route({
      id: 'DeleteImmuRule', tag, method: 'DELETE', path: `${path}/{immutable_rule_id}`, access: { project: 'immutable-tag', verb: 'delete' },
      summary: 'Delete a rule',
      schema: { params: Params, answers: { 200: null } },
      async handler({ project, params, caller }) {
        await deleteRule(db, actorOf(caller), project.id, params.immutable_rule_id)
        return { status: 200 }
      },
    }),
  ]
}
