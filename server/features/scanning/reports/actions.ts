import type { Actor } from '../../../catalog/topics.ts'
import type { Db, Queryable, Tx } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { addTasks, openExecution } from '../../../platform/jobs/enqueue.ts'
import type { Trigger } from '../../../platform/jobs/type.ts'
import type { Asked } from '../sboms/actions.ts'
import { listSubjects, type Subject } from '../sboms/store.ts'
import { findScannerOfProject, type Scanner } from '../store.ts'
import { stopReports } from '../stop.ts'
import { facts } from '../topics.ts'
import { vendorType, type ScanJob } from './jobs.ts'
import { listOverviews, lockReports, noteScans } from './store.ts'
import { tellStopped } from './told.ts'

/**
 * Has an image, or all images of an index, looked into for vulnerabilities by the scanner of their project. Throws
 * PRECONDITION without a scanner or with a disabled one, BAD_REQUEST when there is no image in it, and CONFLICT while
 * one of them is being looked into.
 */
export async function askForScan(db: Db, type: ScanJob, by: Actor, artifact: Asked): Promise<void> {
  await db.transaction(async (tx) => {
    const scanner = await getScannerOf(tx, artifact.projectId)
    const images = await listSubjects(tx, artifact.id)
    if (images.length === 0)
      throw new Failure('BAD_REQUEST', `there is no image in ${artifact.digest} to be looked into`)
    const busy = await lockReports(tx, scanner.id, idsOf(images))
    const [status] = busy.values()
    if (status) throw new Failure('CONFLICT', `a previous scan process is ${status}`)
    await addScan(tx, type, { scanner, artifact, images, by, trigger: 'MANUAL' })
    await emit(tx, [facts.scanRequested(toldOf(artifact), by)])
  })
}

/** The scanner that looks into the images of a project. Throws PRECONDITION, in Harbor's words. */
async function getScannerOf(db: Queryable, projectId: number): Promise<Scanner> {
  const scanner = await findScannerOfProject(db, projectId)
  if (!scanner) throw new Failure('PRECONDITION', `no available scanner for project: ${projectId}`)
  if (scanner.isDisabled) throw new Failure('PRECONDITION', `scanner ${scanner.name} is deactivated`)
  return scanner
}

type Execution = { scanner: Scanner; artifact: Asked; images: Subject[]; by: Actor; trigger: Trigger }

/** Adds an execution whose tasks look into images, whose reports are locked. */
export async function addScan(
  tx: Tx,
  type: ScanJob,
  { scanner, artifact, images, by, trigger }: Execution,
): Promise<void> {
  const { id, repositoryName: repository, digest } = artifact
  const attrs = {
    artifact: { id, repository_name: repository, digest },
    registration: { id: scanner.id, name: scanner.name },
    enabled_capabilities: { type: 'vulnerability' },
    operator: by.name,
  }
  const executionId = await openExecution(tx, { vendorType, vendorId: id, trigger, attrs })
  const params = images.map(({ id: artifactId }) => ({ artifactId, scannerId: scanner.id }))
  const taskIds = await addTasks(tx, executionId, type, params)
  const tasks = params.map(({ artifactId }, index) => ({ artifactId, taskId: taskIds[index]! }))
  await noteScans(tx, scanner.id, tasks)
}

/** Stops what looks into an artifact's images. Throws BAD_REQUEST when that was never asked for. */
export async function stopScans(db: Db, by: Actor, artifact: Asked): Promise<void> {
  await db.transaction(async (tx) => {
    const images = await listSubjects(tx, artifact.id)
    const reports = await listOverviews(tx, idsOf(images))
    const stopped = await stopReports(tx, artifact, images, reports)
    if (stopped.length > 0) await tellStopped(tx, stopped, by)
  })
}

const idsOf = (images: Subject[]) => images.map(({ id }) => id)
const toldOf = ({ projectId, repositoryName: repository, digest }: Asked) => ({ projectId, repository, digest })
