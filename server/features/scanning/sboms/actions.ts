import type { Actor } from '../../../catalog/topics.ts'
import type { Db, Tx } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { addTasks, openExecution } from '../../../platform/jobs/enqueue.ts'
import type { Trigger } from '../../../platform/jobs/type.ts'
import { stopReports } from '../stop.ts'
import { facts } from '../topics.ts'
import { vendorType, type SbomJob } from './jobs.ts'
import { listReports, listSubjects, lockReports, noteTasks, type Subject } from './store.ts'
import { tellStopped } from './told.ts'

/** An artifact that is asked about: an image, or an index of images. */
export type Asked = { id: number; digest: string; repositoryName: string; projectId: number }

/**
 * Asks for new SBOMs of an image, or of all images of an index. Throws BAD_REQUEST when there is no image in it, and
 * CONFLICT while an SBOM of one of them is being made.
 */
export async function askForSbom(db: Db, type: SbomJob, by: Actor, artifact: Asked): Promise<void> {
  await db.transaction(async (tx) => {
    const images = await listSubjects(tx, artifact.id)
    if (images.length === 0)
      throw new Failure('BAD_REQUEST', `there is no image in ${artifact.digest} to be looked into`)
    const { busy } = await lockReports(tx, idsOf(images))
    if (busy.length > 0) throw new Failure('CONFLICT', 'a previous scan process is Running')
    await addExecution(tx, type, { artifact, images, by, trigger: 'MANUAL' })
    await emit(tx, [facts.sbomRequested(toldOf(artifact), by)])
  })
}

type Execution = { artifact: Asked; images: Subject[]; by: Actor; trigger: Trigger }

/** Adds the tasks that make the SBOMs of images, whose reports are locked. */
export async function addExecution(tx: Tx, type: SbomJob, { artifact, images, by, trigger }: Execution): Promise<void> {
  const { id, repositoryName: repository, digest } = artifact
  const attrs = {
    artifact: { id, repository_name: repository, digest },
    enabled_capabilities: { type: 'sbom' },
    operator: by.name,
  }
  const executionId = await openExecution(tx, { vendorType, vendorId: id, trigger, attrs })
  const artifactIds = idsOf(images)
  const taskIds = await addTasks(
    tx,
    executionId,
    type,
    artifactIds.map((artifactId) => ({ artifactId })),
  )
  await noteTasks(
    tx,
    artifactIds.map((artifactId, index) => ({ artifactId, taskId: taskIds[index]! })),
  )
}

/** Stops what makes SBOMs of an artifact's images. Throws BAD_REQUEST when none was ever asked for. */
export async function stopSboms(db: Db, by: Actor, artifact: Asked): Promise<void> {
  await db.transaction(async (tx) => {
    const images = await listSubjects(tx, artifact.id)
    const reports = await listReports(tx, idsOf(images))
    const stopped = await stopReports(tx, artifact, images, reports)
    if (stopped.length > 0) await tellStopped(tx, stopped, by)
  })
}

const idsOf = (images: Subject[]) => images.map(({ id }) => id)
const toldOf = ({ projectId, repositoryName: repository, digest }: Asked) => ({ projectId, repository, digest })
