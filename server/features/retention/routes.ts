import * as api from '../../../api/retention.ts'
import { findProjectById } from '../../catalog/project.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { readJobLog } from '../../platform/jobs/log.ts'
import { findSchedule } from '../../platform/jobs/schedule.ts'
import { executionOrder, findExecution, findTask, listExecutions, listTasks } from '../../platform/jobs/views.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { createPolicy, deletePolicy, runPolicy, stopRun, updatePolicy } from './actions.ts'
import type { Ground } from './ground.ts'
import { harborMetadata } from './harbor.ts'
import { sweepType, vendorType } from './jobs.ts'
import { openRightsOf } from './rights.ts'
import { parsePolicy, presentExecution, presentPolicy, presentTask } from './wire.ts'

/** Harbor's ten operations. Who may call them, the stored policy decides: that of a project, or of the system. */
export const harborRoutes = (ground: Ground): ApiRoute[] => [...policyRoutes(ground), ...runRoutes(ground)]

const noSuch = (id: number) => new Failure('BAD_REQUEST', `no such Retention policy with id ${id}`)

function policyRoutes({ db }: Ground): ApiRoute[] {
  const { getPolicy, demand } = openRightsOf(db)
  return [
    route(api.getRetentionMetadata, 'user', async () => harborMetadata()),
    route(api.createRetention, 'own', async ({ body, caller, rights }) => {
      const policy = parsePolicy(body)
      const { projectId } = policy
      if (rights.kind === 'user' && rights.isAdmin && projectId !== null && !(await findProjectById(db, projectId)))
        throw new Failure('BAD_REQUEST', `invalid Project id ${projectId}`)
      await demand(rights, projectId, 'create')
      return created(await createPolicy(db, actorOf(caller), policy))
    }),
    route(api.getRetention, 'own', async ({ params: { id }, rights }) => {
      const policy = await getPolicy(rights, id, 'read', new Failure('NOT_FOUND', `retention policy ${id} not found`))
      return presentPolicy(policy, (await findSchedule(db, vendorType, id))?.nextAt)
    }),
    route(api.updateRetention, 'own', async ({ params: { id }, body, caller, rights }) => {
      await getPolicy(rights, id, 'update', new Failure('NOT_FOUND', `the retention policy id ${id} does not match`))
      await updatePolicy(db, actorOf(caller), id, parsePolicy(body))
    }),
    route(api.deleteRetention, 'own', async ({ params: { id }, caller, rights }) => {
      await deletePolicy(db, actorOf(caller), await getPolicy(rights, id, 'delete', noSuch(id)))
    }),
  ]
}

function runRoutes({ db }: Ground): ApiRoute[] {
  const { getPolicy } = openRightsOf(db)
  return [
    route(api.triggerRetentionExecution, 'own', async ({ params: { id }, body, caller, rights }) => {
      await getPolicy(rights, id, 'update', noSuch(id))
      const { dry_run: isDryRun = false, max_share: maxShare = null } = body
      return created(await runPolicy(db, actorOf(caller), id, { isDryRun, maxShare }))
    }),
    route(api.listRetentionExecutions, 'own', async ({ params: { id }, query, rights }) => {
      await getPolicy(rights, id, 'list', noSuch(id))
      const { rows, total } = await listExecutions(db, { vendorType, vendorId: id }, listing({}, query, executionOrder))
      return { rows: rows.map(presentExecution), total }
    }),
    route(api.operateRetentionExecution, 'own', async ({ params: { id, eid }, body, caller, rights }) => {
      const policy = await getPolicy(rights, id, 'update', noSuch(id))
      if (body.action !== 'stop') throw new Failure('BAD_REQUEST', "action should be 'stop'")
      await getRun(id, eid)
      await stopRun(db, actorOf(caller), policy, eid)
    }),
    route(api.listRetentionTasks, 'own', async ({ params: { id, eid }, query, rights }) => {
      await getPolicy(rights, id, 'list', noSuch(id))
      await getRun(id, eid)
      const { rows, total } = await listTasks(db, eid, sweepType.name, listing({}, query, sql`id desc`))
      return { rows: rows.map(presentTask), total }
    }),
    route(api.getRetentionTaskLog, 'own', async ({ params: { id, eid, tid }, rights }) => {
      await getPolicy(rights, id, 'read', noSuch(id))
      await getRun(id, eid)
      const task = await findTask(db, eid, sweepType.name, tid)
      const text = task && (await readJobLog(db, tid))
      if (text === undefined) throw new Failure('NOT_FOUND', `task ${tid} not found`)
      return text
    }),
  ]

  /** Throws NOT_FOUND for the run of another policy (H19). */
  async function getRun(policyId: number, executionId: number): Promise<void> {
    if (!(await findExecution(db, { vendorType, vendorId: policyId }, executionId)))
      throw new Failure('NOT_FOUND', `execution ${executionId} not found`)
  }
}
