import { Readable } from 'node:stream'
import type { Db } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { content, type Content } from '../../../platform/http/reply.ts'
import { reportTypes } from '../scanners/adapter/metadata.ts'
import { listSubjects } from '../sboms/store.ts'
import { findScannerOfProject } from '../store.ts'
import { summaryOf, severities } from './finding.ts'
import { findingsOf } from './findings.ts'
import { findRawReport, listOverviews, type Finished, type ReportRow } from './store.ts'
import { claimOf } from './overview.ts'
import { parseAccepted, presentFinding, stateOf, typeOf } from './wire.ts'

type About = { id: number; projectId: number; accepted: string | string[] | undefined }

/**
 * The addition `vulnerabilities` of an image or an index, as in Harbor: an object with one key, the first type of the
 * header X-Accept-Vulnerabilities that there is a report of, or none. The last finished report counts, also while a new
 * scan runs. Throws NOT_FOUND when the project has no scanner.
 */
export async function vulnerabilitiesOf(db: Db, { id, projectId, accepted }: About): Promise<Content> {
  if (!(await findScannerOfProject(db, projectId)))
    throw new Failure('NOT_FOUND', `no scanner registration configured for project: ${projectId}`)
  const images = new Map((await listSubjects(db, id)).map((one) => [one.id, one.digest]))
  const rows = (await listOverviews(db, [...images.keys()])).filter(isFinished)
  const types = parseAccepted(accepted)
  const [first] = rows
  if (!first) return json('{}')
  if (types[0] === reportTypes.raw) return rawOf(db, first)
  const type = types.find((one) => one === typeOf(first))
  if (type === undefined) return json('{}')
  const digests = rows.map(({ artifactId }) => images.get(artifactId)!)
  return json(Readable.from(textOf(db, type, rows, digests)))
}

type FinishedRow = ReportRow & { finished: Finished }
const isFinished = (row: ReportRow): row is FinishedRow => row.finished !== null
const json = (body: string | Readable) => content('application/json; charset=utf-8', body)

/** The answer of the scanner as it came; `{}` when none is kept. */
async function rawOf(db: Db, { id }: FinishedRow): Promise<Content> {
  const raw = await findRawReport(db, id)
  return json(raw ? `{${JSON.stringify(reportTypes.raw)}:${raw.toString('utf8')}}` : '{}')
}

async function* textOf(db: Db, type: string, rows: FinishedRow[], digests: string[]): AsyncGenerator<string> {
  const [{ finished }] = rows as [FinishedRow]
  const counts = severities.map((_, rank) => rows.reduce((sum, row) => sum + (row.finished.counts[rank] ?? 0), 0))
  const head = {
    generated_at: finished.endedAt.toISOString(),
    scanner: finished.scanner,
    ...claimOf({ state: stateOf(rows), severity: summaryOf(counts, 0).severity }),
  }
  yield `{${JSON.stringify(type)}:${JSON.stringify(head).slice(0, -1)},"vulnerabilities":[`
  let comma = ''
  const reportIds = rows.map(({ id }) => id)
  for await (const batch of findingsOf(db, reportIds)) {
    const texts = batch.map((one) => JSON.stringify(presentFinding(one, digests)))
    if (texts.length > 0) yield comma + texts.join(',')
    if (texts.length > 0) comma = ','
  }
  yield ']}}'
}
