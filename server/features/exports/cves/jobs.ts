import type { Db } from '../../../platform/db/db.ts'
import { handler, jobType, type JobHandler } from '../../../platform/jobs/type.ts'
import type { SystemArtifacts } from '../../system-artifacts/index.ts'
import { csvOf, type Cell } from '../csv.ts'
import { saveFile, type Kind } from '../file.ts'
import type { CveFilter } from './filter.ts'
import { countReports, cveColumns, pagesOfCves } from './store.ts'

type Asked = { projectId: number; filter: CveFilter; jobName: string }

/** Harbor's vendor type of the executions. */
export const cveExport = jobType<Asked>({
  name: 'SCAN_DATA_EXPORT',
  concurrency: 2,
  maxTries: 3,
  timeoutMs: 6 * 3_600_000,
})

const kind: Kind = { vendor: 'ScanDataExport', type: 'ScanData_CSV' }
/** Harbor's words for an export without a row, of which there is no file. */
const nothing = 'No vulnerabilities found or matched'

/** Writes the file row by row and stores it as a system artifact, which every process can send. */
export function cveExportHandler(db: Db, artifacts: SystemArtifacts): JobHandler {
  return handler(cveExport, async ({ params: { projectId, filter }, executionId, signal, log, progress, keep }) => {
    const total = await countReports(db, projectId)
    let [reports, rows] = [0, 0]
    const onReport = () => progress({ done: ++reports, total: Math.max(total, reports) })
    const pages = pagesOfCves(db, projectId, filter, signal, onReport)
    const first = await pages.next()
    if (first.done) {
      log(nothing, 'INFO', 'last word')
      return { message: nothing }
    }
    const counted = async function* (): AsyncGenerator<Cell[][]> {
      for (let page: IteratorResult<Cell[][]> = first; !page.done; page = await pages.next()) {
        rows += page.value.length
        yield page.value
      }
    }
    const attrs = await saveFile(db, artifacts, kind, { executionId, keep }, csvOf(cveColumns, counted()))
    log(`${rows} vulnerabilities of ${reports} images`, 'INFO', 'last word')
    return { attrs }
  })
}
