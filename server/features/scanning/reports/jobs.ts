import { isReferenceViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import { failpoint } from '../../../platform/failpoint.ts'
import { handler, HopelessJob, jobType, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import { renewImage } from '../matcher/renew-page.ts'
import { findSubject, type Subject } from '../sboms/store.ts'
import { ScanRefused, type Scanner as Engine, type ScanRun, type VulnerabilityReport } from '../scanners/scanner.ts'
import { findScanner, type Scanner } from '../store.ts'
import { isTheEnd } from '../the-end.ts'
import { saveReport } from './store.ts'
import { tellCompleted, tellFailed } from './told.ts'

type ScanParams = { artifactId: number; scannerId: string }
type ScanGround = {
  db: Db
  /** Marina's own matcher. `readPackages` throws ScanRefused. */
  own: { readPackages(image: Subject, run: ScanRun): Promise<void>; rules: { staleMs: number } }
  /** How any other registered scanner is asked; throws HopelessJob when there is no way to. */
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

async function scan(ground: ScanGround, image: Subject, job: Job<ScanParams>): Promise<void> {
  const { db } = ground
  const startedAt = new Date()
  const { scannerId } = job.params
  const row = await findScanner(db, scannerId)
  if (!row) throw new HopelessJob('the scanner was deleted')
  if (row.isDisabled) throw new HopelessJob(`the scanner ${row.name} is disabled`)
  job.log(`${row.name} looks into ${image.repository}@${image.digest}`)
  const look = { image, scanner: row, job, startedAt }
  const total = await (row.isOwn ? matchPackages(ground, look) : askScanner(ground, look))
  const end = total === undefined ? 'a newer scan has ended before: nothing is changed' : `vulnerabilities: ${total}`
  job.log(end, 'INFO', 'last word')
}

type Look = { image: Subject; scanner: Scanner; job: Job<ScanParams>; startedAt: Date }

/** Returns how many vulnerabilities the report has; undefined when a newer task has made its report already. */
async function askScanner({ db, engineOf }: ScanGround, look: Look): Promise<number | undefined> {
  const { image, scanner, job, startedAt } = look
  const engine = engineOf(scanner)
  const report = await engine.report(await engine.start(image, job), job)
  const about = { artifactId: image.id, scannerId: scanner.id, taskId: job.taskId, startedAt }
  return db
    .transaction(async (tx) => {
      const saved = await saveReport(tx, { ...about, ...report })
      if (saved) await complete(tx, look, saved.summary.total)
      return saved?.summary.total
    })
    .catch((error: unknown) => {
      throw isReferenceViolation(error) ? deleted(error) : error
    })
}

/** The same of Marina's own matcher: of what an image holds, the report is made as for all images after an import. */
async function matchPackages({ db, own }: ScanGround, look: Look): Promise<number | undefined> {
  const { image, scanner, job, startedAt } = look
  await own.readPackages(image, job)
  const { signal } = job
  const ground = { db, scannerId: scanner.id, rules: own.rules, job, signal, startedAt }
  const written = await renewImage(ground, image.id, (tx, { total }) => complete(tx, look, total))
  if (!written && !((await findSubject(db, image.id)) && (await findScanner(db, scanner.id)))) throw deleted()
  for (const note of written?.notes ?? []) job.log(note, 'WARNING')
  if (written) job.log(`packages of the image: ${written.packages}; database: ${written.generation ?? 'none'}`)
  return written?.total
}

/** In the transaction that has saved the report. */
async function complete(tx: Tx, { image, job }: Look, total: number): Promise<void> {
  failpoint('report.saved')
  await tellCompleted(tx, image, job)
  await job.keep(tx, { vulnerabilities: total })
}

const deleted = (cause?: unknown) => new HopelessJob('the image or the scanner was deleted', { cause })
