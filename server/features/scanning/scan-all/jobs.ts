import type { Db, Tx } from '../../../platform/db/db.ts'
import { addTasks } from '../../../platform/jobs/enqueue.ts'
import { handler, JobPostponed, jobType, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import type { ScanJob } from '../reports/jobs.ts'
import { lockReports, noteScans } from '../reports/store.ts'
import { countImages, countUnended, listNext, type NextImage } from './store.ts'

/** Images that are queued in one transaction. */
const batch = 200
/** How soon the planner looks again whether there is room in the queue, in ms. */
const againMs = 2000

/** Plans a scan of all images: one run at a time, whose further tasks are the scans. */
export const scanAllJob = jobType({ name: 'SCAN_ALL', isSingle: true, maxTries: 10, keep: 10 })

type Ground = { db: Db; type: ScanJob; rules: { scansQueued: number } }
/** The planner's progress; `after` is the cursor. */
type Planned = { after: number; images: number; queued: number; skipped: number }

/**
 * Queues the scans of all images in the order of their ids, batch by batch, and only while fewer than `scansQueued`
 * wait or run: a million images fill no queue, and a stop has little to stop. Its progress is saved with each batch, so
 * that it goes on there after a crash.
 */
export function scanAllHandler({ db, type, rules }: Ground): JobHandler {
  return handler(scanAllJob, async (job) => {
    const planned = await begin(db, job)
    for (;;) {
      job.signal.throwIfAborted()
      // The planner itself is one of the tasks.
      if ((await countUnended(db, job.executionId)) > rules.scansQueued)
        throw new JobPostponed('the queue is full: the next images follow when others are scanned', againMs)
      const isMore = await db.transaction(async (tx) => {
        const images = await listNext(tx, planned.after, batch)
        if (images.length === 0) return false
        const queued = await queue(tx, type, job.executionId, images)
        planned.queued += queued
        planned.skipped += images.length - queued
        planned.after = images.at(-1)!.id
        await job.keep(tx, planned)
        return true
      })
      if (!isMore) break
    }
    job.log(`${planned.queued} images queued, ${planned.skipped} left out`, 'INFO', 'last word')
    return { attrs: planned }
  })
}

async function begin(db: Db, { earlier, keep }: Job): Promise<Planned> {
  if (earlier['after'] !== undefined) return { ...(earlier as Planned) }
  const planned = { after: 0, images: await countImages(db), queued: 0, skipped: 0 }
  await keep(db, planned)
  return planned
}

/** Images that are being scanned already, and those without a scanner that is in use, are left out. */
async function queue(tx: Tx, type: ScanJob, executionId: number, images: NextImage[]): Promise<number> {
  let count = 0
  for (const [scannerId, those] of Map.groupBy(images, (one) => one.scannerId)) {
    if (scannerId === null) continue
    const ids = those.map(({ id }) => id)
    const busy = await lockReports(tx, scannerId, ids)
    const params = ids.filter((id) => !busy.has(id)).map((artifactId) => ({ artifactId, scannerId }))
    if (params.length === 0) continue
    const taskIds = await addTasks(tx, executionId, type, params)
    await noteScans(
      tx,
      scannerId,
      params.map(({ artifactId }, index) => ({ artifactId, taskId: taskIds[index]! })),
    )
    count += params.length
  }
  return count
}
