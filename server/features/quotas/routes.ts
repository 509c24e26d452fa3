import { Type } from 'typebox'
import { Quota as QuotaAnswer, QuotaUpdateReq } from '../../../api/quotas.ts'
import { idParam, pageQuery } from '../../../api/requests.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { limitProblem } from './rules.ts'
import { findQuota, listQuotas, quotaFields, quotaOrder, setLimit, type Quota } from './store.ts'
import { facts } from './topics.ts'

const tag = 'quota'
const params = Type.Object({ id: idParam })

export function quotaRoutes(db: Db) {
  return [
    route({
      id: 'listQuotas', tag, method: 'GET', path: '/quotas', access: { system: 'quota', verb: 'list' },
      summary: 'List quotas, one for every project',
      schema: {
        query: Type.Object({ ...pageQuery, reference: Type.Optional(Type.String({ maxLength: 255, description: 'project, the only kind there is' })), reference_id: Type.Optional(Type.String({ maxLength: 255, description: "a project's id" })), sort: Type.Optional(Type.String({ maxLength: 512 })) }),
        answers: { 200: Type.Array(QuotaAnswer) },
      },
      async handler({ query: { reference, reference_id: projectId, ...query }, header }) {
        if (reference !== undefined && reference !== 'project') throw new Failure('BAD_REQUEST', 'reference must be project')
        const asked = listing(quotaFields, { ...query, ...(projectId === undefined ? {} : { q: `reference_id=${projectId}` }) }, quotaOrder)
        const { quotas, total } = await listQuotas(db, asked)
        pageHeaders('/api/v2.0/quotas', { ...query, reference, reference_id: projectId }, asked.page, asked.pageSize, total, header)
        return { status: 200, body: quotas.map(present) }
      },
    }),
    route({
      id: 'getQuota', tag, method: 'GET', path: '/quotas/{id}', access: { system: 'quota', verb: 'read' },
      summary: 'Get a quota',
      schema: { params, answers: { 200: QuotaAnswer } },
      handler: async ({ params: { id } }) => ({ status: 200, body: present(await getQuota(id)) }),
    }),
    route({
      id: 'updateQuota', tag, method: 'PUT', path: '/quotas/{id}', access: { system: 'quota', verb: 'update' },
      summary: 'Set the limit of a project, -1 for none',
      schema: { params, body: QuotaUpdateReq, answers: { 200: null } },
      async handler({ params: { id }, body: { hard: { storage: hard } = {} }, caller }) {
        if (hard === undefined) throw new Failure('BAD_REQUEST', 'hard.storage is missing')
        const problem = limitProblem(hard)
        if (problem) throw new Failure('BAD_REQUEST', problem)
        const quota = await getQuota(id)
        await db.transaction(async (tx) => {
          await setLimit(tx, quota.projectId, hard)
          await emit(tx, [facts.quotaUpdated({ projectId: quota.projectId, name: quota.projectName, hard, from: quota.hard }, actorOf(caller))])
        })
        return { status: 200 }
      },
    }),
  ]

  async function getQuota(id: number): Promise<Quota> {
    const quota = await findQuota(db, id)
    if (!quota) throw new Failure('NOT_FOUND', `there is no quota ${id}`)
    return quota
  }
}

function present({ id, hard, used, createdAt, updatedAt, projectId, projectName, ownerName }: Quota) {
  return {
    id, ref: { id: projectId, name: projectName, owner_name: ownerName },
    hard: { storage: hard }, used: { storage: used },
    creation_time: createdAt.toISOString(), update_time: updatedAt.toISOString(),
  }
}
