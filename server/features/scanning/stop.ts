import type { Tx } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { stopTasks } from '../../platform/jobs/stop.ts'
import type { Status } from '../../platform/jobs/type.ts'
import type { Subject } from './sboms/store.ts'

/** The newest task that reports on an image; null when it is gone. */
type Looked = { artifactId: number; taskId: number | null; status: Status }

/**
 * Stops the tasks that report on images of an artifact, and returns the images whose task was still waiting or running.
 * Throws BAD_REQUEST without a report: nobody ever asked for one.
 */
export async function stopReports(
  tx: Tx,
  artifact: { digest: string },
  images: Subject[],
  reports: readonly Looked[],
): Promise<Subject[]> {
  // Harbor's words, and its status.
  if (reports.length === 0) throw new Failure('BAD_REQUEST', `no scan job for artifact digest=${artifact.digest}`)
  const busy = new Map(
    reports.flatMap(({ status, taskId, artifactId }) =>
      taskId !== null && (status === 'Pending' || status === 'Running') ? [[artifactId, taskId] as const] : [],
    ),
  )
  if (busy.size === 0) return []
  const stopped = new Set(await stopTasks(tx, [...busy.values()]))
  return images.filter(({ id }) => stopped.has(busy.get(id) ?? -1))
}
