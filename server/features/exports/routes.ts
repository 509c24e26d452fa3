import * as api from '../../../api/exports.ts'
import type { Db } from '../../platform/db/db.ts'
import { created } from '../../platform/http/reply.ts'
import { route, type ApiRoute } from '../access/index.ts'
import type { SystemArtifacts } from '../system-artifacts/index.ts'
import { artifactExport } from './jobs.ts'
import { askForReport, downloadOwnReport, listOwnReports, showOwnReport } from './own.ts'

const access = { system: 'catalog', verb: 'read' } as const

/** Reports as CSV: only the account or robot that asked for a report can download it, and only once. */
export function exportRoutes(db: Db, artifacts: SystemArtifacts): ApiRoute[] {
  const fileName = (id: number) => `artifacts-${id}.csv`
  const reports = { db, artifacts, name: 'artifacts', vendorType: artifactExport.name, fileName }
  return [
    route(api.exportArtifacts, access, async ({ body, caller }) => {
      const id = await askForReport(reports, caller, artifactExport, { projectIds: body.projects ?? null })
      return created(`executions/${id}`, { id })
    }),
    route(api.listArtifactExports, access, async ({ caller }) => ({ items: await listOwnReports(reports, caller) })),
    route(api.getArtifactExport, access, ({ params, caller }) => showOwnReport(reports, caller, params.execution_id)),
    route(api.downloadArtifactExport, access, (asked) => downloadOwnReport(reports, asked, asked.params.execution_id)),
  ]
}
