import { isReferenceViolation, type Db } from '../../../platform/db/db.ts'
import { saveReport } from '../reports/store.ts'
import { findSubject } from '../sboms/store.ts'
import { matchImage } from './image.ts'
import { lockLastFound, tellNew } from './news.ts'
import { describeMatcher, reportType } from './own-scanner.ts'

type Asked = { artifactId: number; scannerId: string; job: { taskId: number }; rules: { staleMs: number } }

/** Makes the report of an image anew from its packages. False when there is nothing to say of it any more. */
export async function renewReport(db: Db, { artifactId, scannerId, job, rules }: Asked): Promise<boolean> {
  try {
    return await db.transaction(async (tx) => {
      const { findings, state, generation } = await matchImage(tx, artifactId, rules)
      const last = await lockLastFound(tx, artifactId, scannerId)
      const saved = await saveReport(tx, {
        artifactId,
        scannerId,
        taskId: job.taskId,
        mimeType: reportType,
        scanner: describeMatcher(generation),
        findings,
        state,
        generation,
        startedAt: new Date(),
      })
      const image = saved && (await findSubject(tx, artifactId))
      if (image) await tellNew(tx, image, last, { generation, findings })
      return saved !== undefined
    })
  } catch (error) {
    // The image was deleted meanwhile.
    if (isReferenceViolation(error)) return false
    throw error
  }
}
