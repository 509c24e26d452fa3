import type { Actor } from '../../../catalog/topics.ts'
import type { Db, Queryable, Tx } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { operatorOf, tagsOf, type Run } from '../reports/told.ts'
import { facts, type ScanEnded } from '../topics.ts'
import { listReports, type Subject } from './store.ts'
import { presentOverview } from './wire.ts'

/** Tells webhooks and the audit log of an SBOM, in the transaction that has stored it. */
export async function tellMade(tx: Tx, image: Subject, run: Run): Promise<void> {
  const by = await operatorOf(tx, run)
  await emit(tx, [facts.scanCompleted(await endedOf(tx, image), by)])
}

/** Tells that an SBOM could not be made, for good. */
export function tellNotMade(db: Db, image: Subject, run: Run, reason: string): Promise<void> {
  return db.transaction(async (tx) => {
    const by = await operatorOf(tx, run)
    await emit(tx, [facts.scanFailed({ ...(await endedOf(tx, image, 'Error')), reason }, by)])
  })
}

/** Tells of each image of which a caller has stopped the SBOM. */
export async function tellStopped(tx: Tx, images: Subject[], by: Actor): Promise<void> {
  for (const image of images) await emit(tx, [facts.sbomStopped(await endedOf(tx, image, 'Stopped'), by)])
}

/** `status`: what the task ends with, which it is about to say itself. */
async function endedOf(tx: Queryable, image: Subject, status?: 'Error' | 'Stopped'): Promise<ScanEnded> {
  const { id, projectId, repository, digest } = image
  const [row] = await listReports(tx, [id])
  const shown = row && presentOverview([status ? { ...row, status, endedAt: new Date() } : row])
  const overview = shown ? { sbom_overview: { ...shown, sbom_repository: repository } } : {}
  return { projectId, repository, digest, tags: await tagsOf(tx, id), scanType: 'sbom', overview }
}
