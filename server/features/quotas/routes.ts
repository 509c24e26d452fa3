import type { Static } from 'typebox'
import * as api from '../../../api/quotas.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { limitProblem } from './rules.ts'
import { findQuota, listQuotas, quotaFields, quotaOrder, setLimit, type Quota } from './store.ts'
import { facts } from './topics.ts'

export function quotaRoutes(db: Db): ApiRoute[] {
  return [
    route(
      api.listQuotas,
      { system: 'quota', verb: 'list' },
      async ({ query: { reference, reference_id: projectId, ...query } }) => {
        if (reference && reference !== 'project') throw new Failure('BAD_REQUEST', 'reference must be project')
        const q = !projectId ? {} : { q: `reference_id=${projectId}` }
        const { rows, total } = await listQuotas(db, listing(quotaFields, { ...query, ...q }, quotaOrder))
        return { rows: rows.map(present), total }
      },
    ),
    route(api.getQuota, { system: 'quota', verb: 'read' }, async ({ params }) => present(await getQuota(params.id))),
    route(
      api.updateQuota,
      { system: 'quota', verb: 'update' },
      async ({ params, body: { hard: { storage: hard } = {} }, caller }) => {
        if (hard === undefined) throw new Failure('BAD_REQUEST', 'hard.storage is missing')
        const problem = limitProblem(hard)
        if (problem) throw new Failure('BAD_REQUEST', problem)
        const quota = await getQuota(params.id)
        await db.transaction(async (tx) => {
          await setLimit(tx, quota.projectId, hard)
          await emit(tx, [
            facts.quotaUpdated(
              { projectId: quota.projectId, name: quota.projectName, hard, from: quota.hard },
              actorOf(caller),
            ),
          ])
        })
      },
    ),
  ]

  async function getQuota(id: number): Promise<Quota> {
    const quota = await findQuota(db, id)
    if (!quota) throw new Failure('NOT_FOUND', `quota ${id} not found`)
    return quota
  }
}

function present({
  id,
  hard,
  used,
  createdAt,
  updatedAt,
  projectId,
  projectName,
  ownerName,
}: Quota): Static<typeof api.Quota> {
  return {
    id,
    ref: { id: projectId, name: projectName, owner_name: ownerName },
    hard: { storage: hard },
    used: { storage: used },
    creation_time: createdAt.toISOString(),
    update_time: updatedAt.toISOString(),
  }
}
