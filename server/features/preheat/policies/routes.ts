import * as api from '../../../../api/preheat.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { listing } from '../../../platform/db/listing.ts'
import { created } from '../../../platform/http/reply.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import type { Ground } from '../ground.ts'
import { preview } from '../runs/preview.ts'
import { createPolicy, deletePolicy, policyNotFound, updatePolicy } from './actions.ts'
import { filtersProblem } from './filters.ts'
import type { Policy } from './policy.ts'
import { findPolicy, listPolicies, policyFields, policyOrder } from './store.ts'
import { parseFilters, parsePolicy, presentPolicy } from './wire.ts'
import { Failure } from '../../../platform/http/failure.ts'

const may = <V extends 'list' | 'read' | 'create' | 'update' | 'delete'>(verb: V) =>
  ({ project: 'preheat-policy', verb }) as const

/** Harbor's operations on the policies of a project, and Marina's preview. */
export function policyRoutes(ground: Ground): ApiRoute[] {
  const { db } = ground
  return [
    route(api.listPreheatPolicies, may('list'), async ({ project, query }) => {
      const { rows, total } = await listPolicies(db, project.id, listing(policyFields, query, policyOrder))
      return { rows: rows.map(presentPolicy), total }
    }),
    route(api.createPreheatPolicy, may('create'), async ({ project, body, caller }) => {
      const policy = parsePolicy(body)
      await createPolicy(ground, actorOf(caller), project.id, policy)
      return created(policy.name)
    }),
    route(api.getPreheatPolicy, may('read'), async ({ project, params }) =>
      presentPolicy(await getPolicy(db, project.id, params.preheat_policy_name)),
    ),
    route(api.updatePreheatPolicy, may('update'), async ({ project, params, body, caller }) => {
      const known = await getPolicy(db, project.id, params.preheat_policy_name)
      await updatePolicy(ground, actorOf(caller), known, parsePolicy(body))
    }),
    route(api.deletePreheatPolicy, may('delete'), async ({ project, params, caller }) =>
      deletePolicy(ground, actorOf(caller), await getPolicy(db, project.id, params.preheat_policy_name)),
    ),
    ...previewRoutes(ground),
  ]
}

function previewRoutes({ db, reader }: Ground): ApiRoute[] {
  return [
    route(api.previewPreheatPolicy, may('read'), async ({ project, params, query: { limit = 1000 } }) => {
      const { filters } = await getPolicy(db, project.id, params.preheat_policy_name)
      return preview(reader, project.id, filters, limit)
    }),
    route(api.previewPreheat, may('create'), async ({ project, body, query: { limit = 1000 } }) => {
      const filters = parseFilters(body.filters)
      const problem = filtersProblem(filters)
      if (problem) throw new Failure('BAD_REQUEST', problem)
      return preview(reader, project.id, filters, limit)
    }),
  ]
}

/** Throws NOT_FOUND. */
export async function getPolicy(db: Queryable, projectId: number, name: string): Promise<Policy> {
  const policy = await findPolicy(db, projectId, name)
  if (!policy) throw policyNotFound(name)
  return policy
}
