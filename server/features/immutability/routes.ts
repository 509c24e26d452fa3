import * as api from '../../../api/immutability.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { createRule, deleteRule, updateRule } from './actions.ts'
import { listRules, ruleFields, ruleOrder, type NewRule } from './store.ts'
import { parseRule, presentRule } from './wire.ts'

const unset: NewRule = { priority: 0, isDisabled: false, tagSelectors: [], scopeSelectors: { repository: [] } }

export function immutabilityRoutes(db: Db): ApiRoute[] {
  return [
    route(api.listImmutableRules, { project: 'immutable-tag', verb: 'list' }, async ({ project, query }) => {
      const { rows, total } = await listRules(db, project.id, listing(ruleFields, query, ruleOrder))
      return { rows: rows.map(presentRule), total }
    }),
    route(api.createImmutableRule, { project: 'immutable-tag', verb: 'create' }, async ({ project, body, caller }) =>
      created(await createRule(db, actorOf(caller), project.id, { ...unset, ...parseRule(body) })),
    ),
    route(api.updateImmutableRule, { project: 'immutable-tag', verb: 'update' }, ({ project, params, body, caller }) =>
      updateRule(db, actorOf(caller), project.id, params.immutable_rule_id, parseRule(body)),
    ),
    route(api.deleteImmutableRule, { project: 'immutable-tag', verb: 'delete' }, ({ project, params, caller }) =>
      deleteRule(db, actorOf(caller), project.id, params.immutable_rule_id),
    ),
  ]
}
