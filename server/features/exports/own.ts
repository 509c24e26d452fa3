import type { Static } from 'typebox'
import type { ExportExecution } from '../../../api/exports.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { content, type Content } from '../../platform/http/reply.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import type { JobType, Params } from '../../platform/jobs/type.ts'
import { executionOrder, findExecution, listExecutions, type Execution } from '../../platform/jobs/views.ts'
import { actorOf, type Caller } from '../../registry/caller.ts'
import type { SystemArtifacts } from '../system-artifacts/index.ts'
import {
  countUnfinished,
  dropFile,
  findFile,
  isOf,
  listPresent,
  readFile,
  requesterOf,
  type Requester,
} from './file.ts'
import { facts } from './topics.ts'

/** The most unfinished reports of one kind that one requester has at a time. */
const mostAtOnce = 5

/**
 * The reports of one kind, each of which belongs to the account or robot that has asked for it. `name`: what it is
 * called in facts; `fileName` of its download, from the execution's id.
 */
type Reports = { db: Db; artifacts: SystemArtifacts; name: string; vendorType: string; fileName(id: number): string }

/** Enqueues the job and returns the id of its execution. Throws PRECONDITION while too many are unfinished. */
export async function askForReport<P extends Params>(
  { db, name, vendorType }: Reports,
  caller: Caller,
  type: JobType<P>,
  params: P,
): Promise<number> {
  const by = requesterOf(caller)
  return db.transaction(async (tx) => {
    // The lock makes two requests at once count one after the other: they cannot exceed the limit together.
    const lock = `${vendorType}/${by.kind}`
    await tx.run(sql`select pg_advisory_xact_lock(hashtext(${lock}), ${by.id % 2 ** 31}::int)`)
    if ((await countUnfinished(tx, vendorType, by)) >= mostAtOnce)
      throw new Failure('PRECONDITION', `at most ${mostAtOnce} reports of yours are written at a time`)
    const ask = { params, trigger: 'MANUAL', vendorId: by.id, vendorType, attrs: { by } } as const
    const { executionId } = await enqueue(tx, type, ask)
    await emit(tx, [facts.exportRequested({ executionId, report: name }, actorOf(caller))])
    return executionId
  })
}

type Shown = Static<typeof ExportExecution>

/** The newest hundred of the caller's. */
export async function listOwnReports({ db, artifacts, vendorType }: Reports, caller: Caller): Promise<Shown[]> {
  const by = requesterOf(caller)
  const newest = listing({}, { page_size: 100 }, executionOrder)
  const { rows } = await listExecutions(db, { vendorType, vendorId: by.id }, newest)
  const own = rows.filter((one) => isOf(one, by))
  const ids = own.map(({ id }) => id)
  const present = await listPresent(artifacts, ids)
  return own.map((one) => presentExport(one, present.has(one.id)))
}

export async function showOwnReport(reports: Reports, caller: Caller, id: number): Promise<Shown> {
  const execution = await getOwn(reports, caller, id)
  return presentExport(execution, (await findFile(reports.artifacts, execution)) !== undefined)
}

type Download = { caller: Caller; onSent(work: () => Promise<void>): void }

/** The file; it is deleted once it was sent whole, and `after` runs with the note of that. */
export async function downloadOwnReport(
  reports: Reports,
  { caller, onSent }: Download,
  id: number,
  after: (tx: Tx) => Promise<void> = async () => {},
): Promise<Content> {
  const { db, artifacts, name, fileName } = reports
  const execution = await getOwn(reports, caller, id)
  const digest = await findFile(artifacts, execution)
  if (!digest) throw notThere(execution)
  const { size, bytes } = await readFile(artifacts, id, digest)
  onSent(async () => {
    await dropFile(artifacts, id, digest)
    await db.transaction(async (tx) => {
      await after(tx)
      await emit(tx, [facts.exportDownloaded({ executionId: id, report: name }, actorOf(caller))])
    })
  })
  return content('text/csv; charset=utf-8', bytes, {
    'content-length': String(size),
    'content-disposition': `attachment; filename="${fileName(id)}"`,
  })
}

/** Throws NOT_FOUND, and FORBIDDEN for a report that another caller has asked for, whatever the caller's rights. */
async function getOwn({ db, vendorType }: Reports, caller: Caller, id: number): Promise<Execution> {
  const execution = await findExecution(db, { vendorType }, id)
  if (!execution) throw new Failure('NOT_FOUND', `execution ${id} not found`)
  if (!isOf(execution, requesterOf(caller))) throw new Failure('FORBIDDEN', 'somebody else has asked for this report')
  return execution
}

const notThere = ({ endedAt }: Execution) =>
  new Failure('NOT_FOUND', endedAt ? 'this report has been downloaded, or was removed' : 'this report is not ready')

function presentExport(execution: Execution, isPresent: boolean): Static<typeof ExportExecution> {
  const { id, status, message, trigger, startedAt, endedAt, attrs } = execution
  const by = attrs['by'] as Requester
  return {
    id,
    user_id: by.id,
    user_name: by.name,
    status,
    status_text: message,
    trigger,
    start_time: startedAt.toISOString(),
    ...(endedAt ? { end_time: endedAt.toISOString() } : {}),
    file_present: isPresent,
  }
}
