import * as api from '../../../../api/scans.ts'
import { parseManifest } from '../../../../oci/manifest.ts'
import type { Project } from '../../../catalog/project.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Db } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { content } from '../../../platform/http/reply.ts'
import { readJobLog } from '../../../platform/jobs/log.ts'
import { actorOf } from '../../../registry/caller.ts'
import type { Registry } from '../../../registry/registry.ts'
import { mayInProject, route, type ApiRoute, type Rights } from '../../access/index.ts'
import { getArtifact, openArtifacts, readAddition } from '../../artifacts/index.ts'
import { cycloneDxOf } from '../documents/cyclonedx.ts'
import type { SpdxDocument } from '../documents/spdx.ts'
import { askForSbom, stopSboms, type Asked } from './actions.ts'
import type { SbomJob } from './jobs.ts'
import { findSbom, listReports, listSubjects } from './store.ts'
import { parseReportIds } from './wire.ts'

export type RouteGround = {
  reader: Reader & { db: Db }
  registry: Pick<Registry, 'openBlob' | 'readManifest'>
  type: SbomJob
}
type Params = { repository_name: string; reference: string }

/** Looking into images: SBOMs are made, stopped and read. Vulnerabilities are not looked for yet. */
export function sbomRoutes({ reader, registry, type }: RouteGround): ApiRoute[] {
  const { db } = reader
  const artifacts = openArtifacts(reader)
  const find = async (project: Project, params: Params) =>
    (await getArtifact({ reader, artifacts }, project, params)).artifact

  return [
    route(api.scanArtifact, { project: 'scan', or: 'sbom', verb: 'create' }, async (asked) => {
      const { project, params, body, caller, rights } = asked
      const artifact = await find(project, params)
      onlySboms(rights, project, body.scan_type ?? 'vulnerability', 'create')
      await askForSbom(db, type, actorOf(caller), artifact)
    }),
    route(api.stopScanArtifact, { project: 'scan', or: 'sbom', verb: 'stop' }, async (asked) => {
      const { project, params, body, caller, rights } = asked
      const artifact = await find(project, params)
      // As in Harbor, only a scan has a type by default.
      if (body.scan_type === undefined) throw new Failure('UNPROCESSABLE_ENTITY', 'scan_type is vulnerability or sbom')
      onlySboms(rights, project, body.scan_type, 'stop')
      await stopSboms(db, actorOf(caller), artifact)
    }),
    route(api.getReportLog, { project: 'scan', or: 'sbom', verb: 'read' }, async ({ project, params }) => {
      const artifact = await find(project, params)
      return content('text/plain; charset=utf-8', await readLogs(db, artifact, parseReportIds(params.report_id)))
    }),
    route(api.getSbom, { project: 'sbom', verb: 'read' }, async ({ project, params, query }) => {
      const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
      const digest = artifact.type === 'SBOM' ? artifact.digest : (await findSbom(db, artifact.id))?.digest
      if (!digest) throw new Failure('NOT_FOUND', `${params.reference} has no SBOM: ask for one`)
      const stored = await registry.readManifest(repository.name, { digest })
      const manifest = parseManifest(stored.content, stored.mediaType)
      const shown = await readAddition('sbom', manifest, (blob) => registry.openBlob(repository.name, blob.digest))
      return query.format === 'cyclonedx'
        ? content('application/vnd.cyclonedx+json', JSON.stringify(cycloneDxOf(parseSpdx(shown.content))))
        : content('application/spdx+json', shown.content)
    }),
  ]
}

/** Access is that of either kind of scan; the body says which it is. */
function onlySboms(rights: Rights, project: Project, scanType: string, verb: 'create' | 'stop'): void {
  const isSbom = scanType === 'sbom'
  if (!mayInProject(rights, project, isSbom ? 'sbom' : 'scan', verb)) throw new Failure('FORBIDDEN')
  if (!isSbom) throw new Failure('NOT_IMPLEMENTED')
}

/** The logs of the tasks that made the reports, in turn. Throws NOT_FOUND for reports of other artifacts. */
async function readLogs(db: Db, artifact: Asked, wanted: string[]): Promise<string> {
  const images = await listSubjects(db, artifact.id)
  const reports = await listReports(
    db,
    images.map(({ id }) => id),
  )
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

/** An SBOM that somebody else has stored may be of any form. Throws BAD_REQUEST. */
function parseSpdx(text: string | Buffer): SpdxDocument {
  const refuse = () => new Failure('BAD_REQUEST', 'this SBOM was not made by Marina: read it in its own form')
  let document: SpdxDocument
  try {
    document = JSON.parse(text.toString()) as SpdxDocument
  } catch {
    throw refuse()
  }
  if (document.spdxVersion !== 'SPDX-2.3' || !document.creationInfo?.creators?.[0]?.startsWith('Tool: marina-'))
    throw refuse()
  return document
}
