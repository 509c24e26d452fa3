import { isReferenceViolation, type Db } from '../../../platform/db/db.ts'
import { failpoint } from '../../../platform/failpoint.ts'
import { handler, HopelessJob, jobType, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import { lockLastFound, tellNew } from '../matcher/news.ts'
import { findSubject, type Subject } from '../sboms/store.ts'
import { ScanRefused, type Scanner as Engine, type VulnerabilityReport } from '../scanners/scanner.ts'
import { findScanner, type Scanner } from '../store.ts'
import { isTheEnd } from '../the-end.ts'
import { saveReport } from './store.ts'
import { tellCompleted, tellFailed } from './told.ts'

type ScanParams = { artifactId: number; scannerId: string }
type ScanGround = {
  db: Db
  /** How a registered scanner is asked; throws HopelessJob when there is no way to. */
  engineOf(scanner: Scanner): Engine<VulnerabilityReport>
}

/** Harbor's vendor type of the executions. */
export const vendorType = 'IMAGE_SCAN'
const maxTries = 3
/** What a job may take beside the wait for its report, in ms: to begin, to read and to save it. */
const besidesMs = 10 * 60_000

export const scanJob = ({ scansAtOnce, scanTimeoutMs }: { scansAtOnce: number; scanTimeoutMs: number }) =>
  jobType<ScanParams>({
    name: vendorType,
    concurrency: scansAtOnce,
    maxTries,
    backOff: { firstMs: 5000, mostMs: 60_000 },
    timeoutMs: scanTimeoutMs + besidesMs,
    keep: 5,
    // A scanner that is slow holds up no other.
    lane: ({ scannerId }) => scannerId,
  })
export type ScanJob = ReturnType<typeof scanJob>

/** Has one scanner look into an image for vulnerabilities, and saves the report in the place of the one before. */
export function scanHandler(type: ScanJob, ground: ScanGround): JobHandler {
  return handler(type, async (job) => {
    const image = await findSubject(ground.db, job.params.artifactId)
    if (!image) throw new HopelessJob('the image was deleted')
    try {
      await scan(ground, image, job)
    } catch (error) {
      const reason = error instanceof ScanRefused ? new HopelessJob(error.message, { cause: error }) : error
      if (isTheEnd(reason, job, maxTries)) await tellFailed(ground.db, image, job, (reason as Error).message)
      throw reason
    }
  })
}

async function scan({ db, engineOf }: ScanGround, image: Subject, job: Job<ScanParams>): Promise<void> {
  const startedAt = new Date()
  const { scannerId } = job.params
  const row = await findScanner(db, scannerId)
  if (!row) throw new HopelessJob('the scanner was deleted')
  if (row.isDisabled) throw new HopelessJob(`the scanner ${row.name} is disabled`)
  job.log(`${row.name} looks into ${image.repository}@${image.digest}`)
  const engine = engineOf(row)
  const report = await engine.report(await engine.start(image, job), job)
  const about = { artifactId: image.id, scannerId, taskId: job.taskId, startedAt }
  const total = await db
    .transaction(async (tx) => {
      const last = row.isOwn ? await lockLastFound(tx, image.id, scannerId) : undefined
      const saved = await saveReport(tx, { ...about, ...report })
      failpoint('report.saved')
      if (!saved) return undefined
      await tellNew(tx, image, last, { generation: report.generation ?? null, findings: report.findings })
      await tellCompleted(tx, image, job)
      await job.keep(tx, { vulnerabilities: saved.summary.total })
      return saved.summary.total
    })
    .catch((error: unknown) => {
      throw isReferenceViolation(error)
        ? new HopelessJob('the image or the scanner was deleted', { cause: error })
        : error
    })
  const end = total === undefined ? 'a newer scan has ended before: nothing is changed' : `vulnerabilities: ${total}`
  job.log(end, 'INFO', 'last word')
}
