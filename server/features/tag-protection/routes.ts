import * as api from '../../../api/tag-protection.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { createRule, deleteRule, updateRule } from './actions.ts'
import { previewRule } from './preview.ts'
import { ruleProblem, type NewRule } from './rules.ts'
import { listRules } from './store.ts'
import { parseRule, presentRule } from './wire.ts'

const unset: NewRule = {
  name: '',
  repositories: '**',
  tags: '',
  actions: [],
  roleIds: [],
  robotIds: [],
  isDisabled: false,
}

/** To change a rule is to say who may push: a right of the project's administrators, and of no robot. */
const reads = { project: 'configuration', verb: 'read' } as const
const changes = { project: 'configuration', verb: 'update' } as const

export function tagProtectionRoutes({ db }: Reader & { db: Db }, settings: SettingsReader): ApiRoute[] {
  return [
    route(api.listTagProtections, reads, async ({ project, query }) => {
      const { rows, total } = await listRules(db, project.id, listing({}, query, sql`1`))
      const prefix = await settings.get('robot_name_prefix')
      return { rows: rows.map((one) => presentRule(one, prefix)), total }
    }),
    route(api.createTagProtection, changes, async ({ project, body, caller }) =>
      created(await createRule(db, actorOf(caller), project.id, { ...unset, ...parseRule(body) })),
    ),
    route(api.previewTagProtection, changes, async ({ project, body }) => {
      const rule = { ...unset, name: 'preview', ...parseRule(body) }
      const problem = ruleProblem(rule)
      if (problem) throw new Failure('BAD_REQUEST', problem)
      const { tagCount, isWhole, tags, refused, refusedCount } = await previewRule(db, project, rule)
      const prefix = await settings.get('robot_name_prefix')
      return {
        tag_count: tagCount,
        is_whole: isWhole,
        tags: tags.map(({ repository, tag }) => ({ repository, tag })),
        refused: refused.map(({ kind, id, name, actions }) => ({
          entity_type: letters[kind],
          entity_id: id,
          entity_name: kind === 'robot' ? `${prefix}${name}` : name,
          actions,
        })),
        refused_count: refusedCount,
      }
    }),
    route(api.updateTagProtection, changes, ({ project, params, body, caller }) =>
      updateRule(db, actorOf(caller), project.id, params.tag_protection_id, parseRule(body)),
    ),
    route(api.deleteTagProtection, changes, ({ project, params, caller }) =>
      deleteRule(db, actorOf(caller), project.id, params.tag_protection_id),
    ),
  ]
}

const letters = { account: 'u', group: 'g', robot: 'r' } as const
