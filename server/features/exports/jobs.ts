import type { Db } from '../../platform/db/db.ts'
import { handler, jobType, type Job, type JobHandler } from '../../platform/jobs/type.ts'
import type { SystemArtifacts } from '../system-artifacts/index.ts'
import { csvOf, type Cell } from './csv.ts'
import { saveFile, type Kind } from './file.ts'
import { artifactColumns, countArtifacts, pagesOfArtifacts } from './store.ts'

type Asked = { projectIds: number[] | null }
export const artifactExport = jobType<Asked>({
  name: 'ARTIFACT_EXPORT',
  concurrency: 2,
  maxTries: 3,
  timeoutMs: 6 * 3_600_000,
})

const kind: Kind = { vendor: 'ArtifactExport', type: 'ArtifactReport_CSV' }

/** Writes the report and stores it as a system artifact, which can be downloaded from every process. */
export function artifactExportHandler(db: Db, artifacts: SystemArtifacts): JobHandler {
  return handler(artifactExport, async ({ params: { projectIds }, executionId, signal, log, progress, keep }) => {
    const total = await countArtifacts(db, projectIds)
    const pages = counted(pagesOfArtifacts(db, projectIds, signal), total, progress)
    const attrs = await saveFile(db, artifacts, kind, { executionId, keep }, csvOf(artifactColumns, pages))
    log(`${total} artifacts reported`)
    return { attrs }
  })
}

async function* counted(
  pages: AsyncIterable<Cell[][]>,
  total: number,
  progress: Job['progress'],
): AsyncGenerator<Cell[][]> {
  let done = 0
  for await (const rows of pages) {
    yield rows
    progress({ done: (done += rows.length), total: Math.max(total, done) })
  }
}
