import { findProjectById } from '../../catalog/project.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { OciError } from '../../../oci/errors.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { AlreadyRunning, handler, jobType, type Job, type JobHandler } from '../../platform/jobs/type.ts'
import type { PushGates } from '../../registry/gate.ts'
import { shortageOf } from '../quotas/index.ts'
import { restoreTrash } from '../undelete/index.ts'
import type { Policy } from './policy.ts'
import { facts } from './topics.ts'

type RestoreParams = { by: Actor }

/** Takes a run back: restores all that it deleted. Its vendor id is the execution of the run. */
export const restoreType = jobType<RestoreParams>({
  name: 'RETENTION_RESTORE',
  isSingle: true,
  maxTries: 3,
})

type Ground = { db: Db; gates: PushGates; keepMs: number }

/** Starts it. Throws NOT_FOUND when nothing can be restored, and CONFLICT while it is under way. */
export async function restoreRun(
  { db, keepMs }: Ground,
  by: Actor,
  policy: Policy,
  executionId: number,
): Promise<void> {
  if ((await countLeft(db, executionId, keepMs)) === 0)
    throw new Failure('NOT_FOUND', `there is nothing to restore of run ${executionId}`)
  const { id: policyId, projectId } = policy
  try {
    await db.transaction(async (tx) => {
      await enqueue(tx, restoreType, { params: { by }, trigger: 'MANUAL', vendorId: executionId })
      await emit(tx, [facts.restoreAsked({ projectId, policyId, executionId }, by)])
    })
  } catch (error) {
    throw error instanceof AlreadyRunning ? new Failure('CONFLICT', 'this run is being restored already') : error
  }
}

export const restoreHandler = (ground: Ground): JobHandler => handler(restoreType, (job) => restoreAll(ground, job))

/** How many deletions one statement lists. */
const batch = 200

/**
 * Restores the last deletion first, since an index needs parts that may have gone after it. What cannot be restored,
 * because its name is in use again, is logged and left, and the rest goes on.
 */
async function restoreAll({ db, gates, keepMs }: Ground, job: Job<RestoreParams>): Promise<void> {
  let [restored, failed] = [Number(job.earlier['restored'] ?? 0), 0]
  for (let before = Number.MAX_SAFE_INTEGER; ;) {
    const rows = await listOfRun(db, job.vendorId, before, keepMs)
    for (const { id, projectId, what } of rows) {
      job.signal.throwIfAborted()
      before = id
      const project = await findProjectById(db, projectId)
      const why = project ? await restoreOne(() => restoreTrash(db, gates, job.params.by, project, id, keepMs)) : 'gone'
      if (why === undefined) job.progress({ restored: ++restored, failed })
      else {
        job.progress({ restored, failed: ++failed })
        job.log(`${what} is not restored: ${why}`, 'WARNING')
      }
    }
    if (rows.length < batch) break
  }
  job.log(`${restored} deletions restored, ${failed} not`, 'INFO', 'last word')
}

/** Why it could not be restored; undefined when it was. */
async function restoreOne(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    const shortage = shortageOf(error)
    if (shortage || error instanceof Failure || error instanceof OciError) return (shortage ?? (error as Error)).message
    throw error
  }
}

function listOfRun(
  db: Db,
  runId: number,
  before: number,
  keepMs: number,
): Promise<{ id: number; projectId: number; what: string }[]> {
  return db.rows(sql`
    select id, project_id as "projectId",
      repository || case when tag is null then '@' || coalesce(digest, '') else ':' || tag end as what
    from trash
    where run_id = ${runId} and id < ${before}
      and deleted_at > clock_timestamp() - make_interval(secs => ${keepMs / 1000})
    order by id desc limit ${batch}`)
}

/** How many deletions of a run can still be restored. */
export async function countLeft(db: Db, runId: number, keepMs: number): Promise<number> {
  const row = await db.row<{ count: number }>(sql`
    select count(*) from trash
    where run_id = ${runId} and deleted_at > clock_timestamp() - make_interval(secs => ${keepMs / 1000})`)
  return row!.count
}
