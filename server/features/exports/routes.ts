import type { Static } from 'typebox'
import * as api from '../../../api/exports.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { content, created } from '../../platform/http/reply.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { executionOrder, findExecution, listExecutions, type Execution } from '../../platform/jobs/views.ts'
import { actorOf, type Caller } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
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
import { artifactExport } from './jobs.ts'
import { facts } from './topics.ts'

const access = { system: 'catalog', verb: 'read' } as const
const vendorType = artifactExport.name
/** The most unfinished reports of one requester at a time. */
const mostAtOnce = 5

/** Reports as CSV: only the account or robot that asked for a report can download it, and only once. */
export function exportRoutes(db: Db, artifacts: SystemArtifacts): ApiRoute[] {
  return [
    route(api.exportArtifacts, access, async ({ body, caller }) => {
      const id = await request(caller, body.projects ?? null)
      return created(`executions/${id}`, { id })
    }),
    route(api.listArtifactExports, access, async ({ caller }) => {
      const by = requesterOf(caller)
      const newest = listing({}, { page_size: 100 }, executionOrder)
      const { rows } = await listExecutions(db, { vendorType, vendorId: by.id }, newest)
      const own = rows.filter((one) => isOf(one, by))
      const present = await listPresent(
        artifacts,
        own.map(({ id }) => id),
      )
      return { items: own.map((one) => presentExport(one, present.has(one.id))) }
    }),
    route(api.getArtifactExport, access, async ({ params, caller }) => {
      const execution = await getOwn(caller, params.execution_id)
      return presentExport(execution, (await findFile(artifacts, execution)) !== undefined)
    }),
    route(api.downloadArtifactExport, access, async ({ params: { execution_id: id }, caller, onSent }) => {
      const execution = await getOwn(caller, id)
      const digest = await findFile(artifacts, execution)
      if (!digest) throw notThere(execution)
      const { size, bytes } = await readFile(artifacts, id, digest)
      onSent(async () => {
        await dropFile(artifacts, id, digest)
        const downloaded = facts.exportDownloaded({ executionId: id, report: 'artifacts' }, actorOf(caller))
        await db.transaction((tx) => emit(tx, [downloaded]))
      })
      return content('text/csv; charset=utf-8', bytes, {
        'content-length': String(size),
        'content-disposition': `attachment; filename="artifacts-${id}.csv"`,
      })
    }),
  ]

  async function request(caller: Caller, projectIds: number[] | null): Promise<number> {
    const by = requesterOf(caller)
    return db.transaction(async (tx) => {
      // The lock makes two requests at once count one after the other, so that they cannot exceed the limit together.
      await tx.run(sql`select pg_advisory_xact_lock(hashtext(${`${vendorType}/${by.kind}`}), ${by.id % 2 ** 31}::int)`)
      if ((await countUnfinished(tx, vendorType, by)) >= mostAtOnce)
        throw new Failure('PRECONDITION', `at most ${mostAtOnce} reports of yours are written at a time`)
      const { executionId } = await enqueue(tx, artifactExport, {
        params: { projectIds },
        trigger: 'MANUAL',
        vendorId: by.id,
        attrs: { by },
      })
      await emit(tx, [facts.exportRequested({ executionId, report: 'artifacts' }, actorOf(caller))])
      return executionId
    })
  }

  /** Throws NOT_FOUND, and FORBIDDEN for a report that another caller has asked for, whatever the caller's rights. */
  async function getOwn(caller: Caller, id: number): Promise<Execution> {
    const execution = await findExecution(db, { vendorType }, id)
    if (!execution) throw new Failure('NOT_FOUND', 'there is no such report')
    if (!isOf(execution, requesterOf(caller))) throw new Failure('FORBIDDEN', 'somebody else has asked for this report')
    return execution
  }
}

const notThere = ({ endedAt }: Execution) =>
  new Failure('NOT_FOUND', endedAt ? 'this report has been downloaded, or was removed' : 'this report is not ready')

function presentExport(execution: Execution, isPresent: boolean): Static<typeof api.ExportExecution> {
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
