import * as api from '../../../api/scans.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { content } from '../../platform/http/reply.ts'
import { readJobLog } from '../../platform/jobs/log.ts'
import { actorOf } from '../../registry/caller.ts'
import { mayInProject, route, type ApiRoute, type Rights } from '../access/index.ts'
import { getArtifact, openArtifacts } from '../artifacts/index.ts'
import { askForScan, stopScans } from './reports/actions.ts'
import type { ScanJob } from './reports/jobs.ts'
import { listAllReports } from './reports/store.ts'
import { askForSbom, stopSboms, type Asked } from './sboms/actions.ts'
import type { SbomJob } from './sboms/jobs.ts'
import { listReports, listSubjects } from './sboms/store.ts'
import { parseReportIds } from './sboms/wire.ts'

type ScanRouteGround = { reader: Reader & { db: Db }; types: { scan: ScanJob; sbom: SbomJob } }
type Params = { repository_name: string; reference: string }

/** Images are looked into, for vulnerabilities or for an SBOM; that is stopped, and its logs are read. */
export function scanRoutes({ reader, types }: ScanRouteGround): ApiRoute[] {
  const { db } = reader
  const artifacts = openArtifacts(reader)
  const find = async (project: Project, params: Params) =>
    (await getArtifact({ reader, artifacts }, project, params)).artifact

  return [
    route(api.scanArtifact, { project: 'scan', or: 'sbom', verb: 'create' }, async (asked) => {
      const { project, params, body, caller, rights } = asked
      const artifact = await find(project, params)
      const kind = kindFor(rights, project, body.scan_type ?? 'vulnerability', 'create')
      if (kind === 'sbom') await askForSbom(db, types.sbom, actorOf(caller), artifact)
      else await askForScan(db, types.scan, actorOf(caller), artifact)
    }),
    route(api.stopScanArtifact, { project: 'scan', or: 'sbom', verb: 'stop' }, async (asked) => {
      const { project, params, body, caller, rights } = asked
      const artifact = await find(project, params)
      // As in Harbor, only a scan has a type by default.
      if (body.scan_type === undefined) throw new Failure('UNPROCESSABLE_ENTITY', 'scan_type is vulnerability or sbom')
      const kind = kindFor(rights, project, body.scan_type, 'stop')
      await (kind === 'sbom' ? stopSboms : stopScans)(db, actorOf(caller), artifact)
    }),
    route(api.getReportLog, { project: 'scan', or: 'sbom', verb: 'read' }, async ({ project, params }) => {
      const artifact = await find(project, params)
      return content('text/plain; charset=utf-8', await readLogs(db, artifact, parseReportIds(params.report_id)))
    }),
  ]
}

type ScanType = 'vulnerability' | 'sbom'

/** Access is that of either kind of scan; the body says which it is. Throws FORBIDDEN. */
function kindFor(rights: Rights, project: Project, scanType: ScanType, verb: 'create' | 'stop'): ScanType {
  if (!mayInProject(rights, project, scanType === 'sbom' ? 'sbom' : 'scan', verb)) throw new Failure('FORBIDDEN')
  return scanType
}

/** The logs of the tasks that made the reports, in turn. Throws NOT_FOUND for reports of other artifacts. */
async function readLogs(db: Db, artifact: Asked, wanted: string[]): Promise<string> {
  const images = await listSubjects(db, artifact.id)
  const ids = images.map(({ id }) => id)
  const reports = [...(await listReports(db, ids)), ...(await listAllReports(db, ids))]
  const digests = new Map(images.map(({ id, digest }) => [id, digest]))
  const logs: string[] = []
  for (const id of wanted) {
    const report = reports.find(({ reportId }) => reportId === id)
    const log = report?.taskId ? await readJobLog(db, report.taskId) : undefined
    if (!report || log === undefined) throw new Failure('NOT_FOUND', `scan log with uuid: ${id} not found`)
    logs.push(wanted.length > 1 ? `---------- ${digests.get(report.artifactId)} ----------\n${log}` : log)
  }
  return logs.join('\n')
}
