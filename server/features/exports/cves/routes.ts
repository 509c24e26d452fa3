import type { IncomingMessage } from 'node:http'
import type { Static } from 'typebox'
import * as api from '../../../../api/cve-exports.ts'
import { findProjectById } from '../../../catalog/project.ts'
import type { Db } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { dropExecution } from '../../../platform/jobs/views.ts'
import { mayInEvery, mayInProject, route, type ApiRoute, type Rights } from '../../access/index.ts'
import type { SystemArtifacts } from '../../system-artifacts/index.ts'
import { askForReport, downloadOwnReport, listOwnReports, showOwnReport } from '../own.ts'
import { checkFilter, type CveFilter } from './filter.ts'
import { cveExport } from './jobs.ts'

const resource = 'export-cve'

/** Vulnerabilities of a project as CSV: only who has asked for an export can download it, and only once. */
export function cveExportRoutes(db: Db, artifacts: SystemArtifacts): ApiRoute[] {
  const fileName = (id: number) => `scandata_export_${id}.csv`
  const reports = { db, artifacts, name: 'cves', vendorType: cveExport.name, fileName }
  return [
    route(api.exportScanData, 'own', async ({ body, request, rights, caller }) => {
      checkType(request)
      const projectId = await projectOf(db, rights, body.projects ?? [])
      const filter = filterOf(body)
      checkFilter(filter)
      return { id: await askForReport(reports, caller, cveExport, { projectId, filter, jobName: body.job_name ?? '' }) }
    }),
    route(api.getScanDataExportExecutionList, 'user', async ({ caller }) => ({
      items: await listOwnReports(reports, caller),
    })),
    route(api.getScanDataExportExecution, 'user', ({ params, caller }) =>
      showOwnReport(reports, caller, params.execution_id),
    ),
    route(api.downloadScanData, 'user', (asked) => {
      const id = asked.params.execution_id
      // As in Harbor, the execution goes with its file.
      return downloadOwnReport(reports, asked, id, (tx) => dropExecution(tx, id))
    }),
  ]
}

/** Throws in Harbor's words. */
function checkType({ headers }: IncomingMessage): void {
  const type = headers['x-scan-data-type']
  if (type === undefined)
    throw new Failure('UNPROCESSABLE_ENTITY', 'validation failure list:\nX-Scan-Data-Type in header is required')
  if (type !== api.reportType)
    throw new Failure('BAD_REQUEST', `bad request: Unsupported MIME type : ${String(type).slice(0, 120)}`)
}

/** The one project. Whether it exists is said only to those who may export every project. */
async function projectOf(db: Db, rights: Rights, ids: number[]): Promise<number> {
  if (ids.length !== 1)
    throw new Failure(
      'BAD_REQUEST',
      `bad request: only support export single project, invalid value: [${ids.slice(0, 20).join(' ')}]`,
    )
  const project = await findProjectById(db, ids[0]!)
  if (!project && mayInEvery(rights, resource, 'create'))
    throw new Failure('NOT_FOUND', `resource not found: project ${ids[0]} not found`)
  if (!project || !mayInProject(rights, project, resource, 'create')) throw new Failure('FORBIDDEN')
  return project.id
}

const filterOf = (body: Static<typeof api.ScanDataExportRequest>): CveFilter => ({
  repositories: body.repositories?.trim() ?? '',
  cveIds: body.cveIds?.trim() ?? '',
  tags: body.tags?.trim() ?? '',
  labels: body.labels ?? [],
})
