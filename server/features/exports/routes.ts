import { Type, type Static } from 'typebox'
import { ArtifactExportRequest, ExportExecution, ExportExecutionList, ExportJob } from '../../../api/exports.ts'
import { idParam } from '../../../api/requests.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { findExecution, listExecutions, type Execution } from '../../platform/jobs/views.ts'
import { actorOf, type Caller } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import type { SystemArtifacts } from '../system-artifacts/index.ts'
import { countUnfinished, dropFile, findFile, isOf, listPresent, readFile, requesterOf, type Requester } from './file.ts'
import { artifactExport } from './jobs.ts'
import { facts } from './topics.ts'

const tag = 'artifact export'
const access = { system: 'catalog', verb: 'read' } as const
const params = Type.Object({ execution_id: idParam })
const vendorType = artifactExport.name
/** Of one requester, unfinished at a time. */
const mostAtOnce = 5

export function exportRoutes(db: Db, artifacts: SystemArtifacts) {
  return [
    route({
      id: 'exportArtifacts', tag, method: 'POST', path: '/export/artifacts', access,
      summary: 'Have a report of all artifacts written, as CSV',
      schema: { body: ArtifactExportRequest, answers: { 201: ExportJob } },
      async handler({ body, caller, header }) {
        const id = await request(caller, body.projects ?? null)
        header('location', `/api/v2.0/export/artifacts/executions/${id}`)
        return { status: 201, body: { id } }
      },
    }),
    route({
      id: 'listArtifactExports', tag, method: 'GET', path: '/export/artifacts/executions', access,
      summary: 'List the reports that one has asked for, the newest hundred',
      schema: { answers: { 200: ExportExecutionList } },
      async handler({ caller }) {
        const by = requesterOf(caller)
        const { rows: executions } = await listExecutions(db, { vendorType, vendorId: by.id }, listing({}, { page_size: 100 }, sql`id desc`))
        const own = executions.filter((one) => isOf(one, by))
        const present = await listPresent(artifacts, own.map(({ id }) => id))
        return { status: 200, body: { items: own.map((one) => shown(one, present.has(one.id))) } }
      },
    }),
    route({
      id: 'getArtifactExport', tag, method: 'GET', path: '/export/artifacts/executions/{execution_id}', access,
      summary: 'Is the report ready?',
      schema: { params, answers: { 200: ExportExecution } },
      handler: async ({ params: { execution_id: id }, caller }) => ({ status: 200, body: await present(await getOwn(caller, id)) }),
    }),
    route({
      id: 'downloadArtifactExport', tag, method: 'GET', path: '/export/artifacts/download/{execution_id}', access,
      summary: 'Download the report, once: after that it is gone',
      schema: { params, answers: { 200: Type.String({ description: 'text/csv' }) } },
      async handler({ params: { execution_id: id }, caller, header, onSent }) {
        const execution = await getOwn(caller, id)
        const digest = await findFile(artifacts, execution)
        if (!digest) throw new Failure('NOT_FOUND', execution.endedAt ? 'this report has been downloaded, or was removed' : 'this report is not ready')
        const { size, bytes } = await readFile(artifacts, id, digest)
        header('content-type', 'text/csv; charset=utf-8')
        header('content-length', String(size))
        header('content-disposition', `attachment; filename="artifacts-${id}.csv"`)
        onSent(async () => {
          await dropFile(artifacts, id, digest)
          await db.transaction((tx) => emit(tx, [facts.exportDownloaded({ executionId: id, report: 'artifacts' }, actorOf(caller))]))
        })
        return { status: 200, body: bytes }
      },
    }),
  ]

  async function request(caller: Caller, projectIds: number[] | null): Promise<number> {
    const by = requesterOf(caller)
    return db.transaction(async (tx) => {
      // Two at once must not both be the last that is allowed.
      await tx.run(sql`select pg_advisory_xact_lock(hashtext(${`${vendorType}/${by.kind}`}), ${by.id % 2 ** 31}::int)`)
      if ((await countUnfinished(tx, vendorType, by)) >= mostAtOnce) throw new Failure('PRECONDITION', `at most ${mostAtOnce} reports of yours are written at a time`)
      const { executionId } = await enqueue(tx, artifactExport, { params: { projectIds }, trigger: 'MANUAL', vendorId: by.id, attrs: { by } })
      await emit(tx, [facts.exportRequested({ executionId, report: 'artifacts' }, actorOf(caller))])
      return executionId
    })
  }

  /** Throws NOT_FOUND, and FORBIDDEN for a report that somebody else has asked for, whatever his rights. */
  async function getOwn(caller: Caller, id: number): Promise<Execution> {
    const execution = await findExecution(db, { vendorType }, id)
    if (!execution) throw new Failure('NOT_FOUND', 'there is no such report')
    if (!isOf(execution, requesterOf(caller))) throw new Failure('FORBIDDEN', 'somebody else has asked for this report')
    return execution
  }

  async function present(execution: Execution): Promise<Static<typeof ExportExecution>> {
    return shown(execution, (await findFile(artifacts, execution)) !== undefined)
  }
}

function shown({ id, status, message, trigger, startedAt, endedAt, attrs }: Execution, isPresent: boolean): Static<typeof ExportExecution> {
  const by = attrs['by'] as Requester
  return {
    id, user_id: by.id, user_name: by.name, status, status_text: message, trigger, start_time: startedAt.toISOString(), ...(endedAt ? { end_time: endedAt.toISOString() } : {}),
    file_present: isPresent,
  }
}
