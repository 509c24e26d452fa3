import type { Static } from 'typebox'
import * as api from '../../../../api/artifacts.ts'
import type { Digest } from '../../../../oci/digest.ts'
import type { Project } from '../../../catalog/project.ts'
import { uncached } from '../../../platform/cache/cache.ts'
import type { Db } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { serializedOnUse } from '../../../platform/http/schemas.ts'
import { iconOf } from '../../icons/index.ts'
import { findImmutable } from '../../immutability/index.ts'
import { findLabels, presentLabel } from '../../labels/index.ts'
import { summarizeGroups } from '../../scanning/reports/findings.ts'
import { listOverviewsBy } from '../../scanning/reports/store.ts'
import { parseAccepted, presentOverview, typeOf } from '../../scanning/reports/wire.ts'
import { listReports } from '../../scanning/sboms/store.ts'
import { presentOverview as presentSbom } from '../../scanning/sboms/wire.ts'
import { findScannerIdOf } from '../../scanning/store.ts'
import type { Wanted } from '../columns.ts'
import { additionsOf } from '../processors/list.ts'
import {
  listHeldOf,
  listInheritedAccessoriesOf,
  type ArtifactObject,
  type ReferenceRow,
  type TagRow,
} from '../store.ts'
import { presentAccessory, presentReference, presentTag } from '../wire.ts'

type Answer = Static<typeof api.Artifact>

/**
 * The answer that a list of these artifacts must have, byte by byte: objects of plain rows, and the serializer of the
 * API's schema. Nothing of it is shared with the texts that lists are put together of, but the rules of single fields.
 * Images have finished reports or none.
 */
export async function plainList(db: Db, project: Project, ids: number[], wanted: Wanted): Promise<string> {
  const rows = new Map((await readObjects(db, ids)).map((one) => [one.id, one]))
  const shown = await Promise.all(
    ids.map(async (id) => {
      const one = rows.get(id)!
      return presentArtifact(project, one, await besideOf(db, project, one, wanted))
    }),
  )
  return serialize(shown)
}

const serialize = serializedOnUse(api.listArtifacts.answer)

/** The artifacts as plain rows make them. */
export async function readObjects(db: Db, ids: number[]): Promise<ArtifactObject[]> {
  const rows = await db.rows<Omit<ArtifactObject, 'tags' | 'references'>>(sql`
    select artifact.id, artifact.repository_id as "repositoryId", repository.name as "repositoryName",
      repository.project_id as "projectId", artifact.digest, artifact.kind, artifact.type,
      artifact.media_type as "mediaType", artifact.config_media_type as "configMediaType",
      artifact.artifact_type as "artifactType", artifact.size, artifact.icon_digest as icon,
      artifact.pushed_at as "pushedAt", artifact.pulled_at as "pulledAt", artifact.pull_count as "pullCount",
      artifact.extra_attrs as "extraAttrs", artifact.annotations, array(
        select label_id::integer from artifact_label where artifact_id = artifact.id order by label_id) as "labelIds"
    from artifact join repository on repository.id = artifact.repository_id
    where artifact.id = any(${ids}::bigint[])`)
  const tags = await db.rows<TagRow>(sql`
    select id, repository_id as "repositoryId", artifact_id as "artifactId", name, pushed_at as "pushedAt",
      pulled_at as "pulledAt", pull_count as "pullCount"
    from tag where artifact_id = any(${ids}::bigint[]) order by id desc`)
  const references = await db.rows<ReferenceRow>(sql`
    select parent_id as "parentId", child_id as "childId", child.digest as "childDigest", platform,
      artifact_child.annotations
    from artifact_child join artifact child on child.id = child_id
    where parent_id = any(${ids}::bigint[]) order by position, child_id`)
  return rows.map((one) => ({
    ...one,
    tags: tags.filter(({ artifactId }) => artifactId === one.id).slice(0, 1000),
    references: references.filter(({ parentId }) => parentId === one.id),
  }))
}

async function besideOf(db: Db, project: Project, one: ArtifactObject, wanted: Wanted): Promise<Partial<Answer>> {
  const reader = uncached({ db })
  const isImmutable = wanted.with_immutable_status ? await findImmutable(reader, project.id) : undefined
  const subject = { subjectId: one.id, subjectDigest: one.digest, subjectRepository: one.repositoryName }
  const labels = await findLabels(reader, one.labelIds)
  return {
    ...((wanted.with_tag ?? true)
      ? { tags: one.tags.map((tag) => presentTag(tag, project, one.repositoryName, isImmutable)) }
      : {}),
    ...(wanted.with_label ? { labels: one.labelIds.map((id) => presentLabel(labels.get(id)!)) } : {}),
    ...(wanted.with_accessory
      ? { accessories: (await listHeldOf(db, [one])).map((row) => presentAccessory({ ...row, ...subject })) }
      : {}),
    ...(wanted.with_inherited_accessory
      ? { inherited_accessories: (await listInheritedAccessoriesOf(db, [one.id])).map((row) => presentAccessory(row)) }
      : {}),
    ...(wanted.with_scan_overview ? await scanOverviewOf(db, project, one, wanted) : {}),
    ...(wanted.with_sbom_overview ? await sbomOverviewOf(db, one) : {}),
  }
}

async function scanOverviewOf(db: Db, project: Project, one: ArtifactObject, wanted: Wanted): Promise<Partial<Answer>> {
  const reader = uncached({ db })
  const scannerId = await findScannerIdOf(reader, project.id)
  const ids = [one.id, ...one.references.map(({ childId }) => childId)]
  const reports = scannerId === null ? [] : await listOverviewsBy(reader, scannerId, ids)
  const type = reports[0] && typeOf(reports[0])
  if (type === undefined || !parseAccepted(wanted.accepted_vulnerabilities).includes(type)) return {}
  const united = await summarizeGroups(db, [{ key: one.id, reportIds: reports.map(({ id }) => id) }])
  const summary = reports.length === 1 ? reports[0]!.finished! : united.get(one.id)
  return { scan_overview: { [type]: presentOverview(reports, summary) } }
}

async function sbomOverviewOf(db: Db, one: ArtifactObject): Promise<Partial<Answer>> {
  const ids = [one.id, ...one.references.map(({ childId }) => childId)]
  const reports = await listReports(db, ids)
  const overview = presentSbom(ids.flatMap((id) => reports.find(({ artifactId }) => artifactId === id) ?? []))
  return overview ? { sbom_overview: overview } : {}
}

const pathOf = (project: Project, one: ArtifactObject, digest: string) => {
  const name = encodeURIComponent(one.repositoryName.slice(project.name.length + 1))
  return `/api/v2.0/projects/${project.name}/repositories/${name}/artifacts/${digest}`
}

function presentArtifact(project: Project, one: ArtifactObject, beside: Partial<Answer>): Answer {
  const configType = one.configMediaType ?? one.mediaType
  const sbom = beside.sbom_overview?.sbom_digest as Digest | undefined
  const linkTo = (addition: string, digest: string = one.digest) => ({
    href: `${pathOf(project, one, digest)}/additions/${addition}`,
    absolute: false,
  })
  return {
    id: one.id,
    type: one.type,
    media_type: configType,
    manifest_media_type: one.mediaType,
    artifact_type: one.artifactType ?? configType,
    project_id: one.projectId,
    repository_id: one.repositoryId,
    repository_name: one.repositoryName,
    digest: one.digest,
    size: one.size,
    icon: one.icon ?? iconOf(one.type),
    push_time: one.pushedAt.toISOString(),
    pull_time: one.pulledAt?.toISOString() ?? '0001-01-01T00:00:00.000Z',
    pull_count: one.pullCount,
    extra_attrs: one.extraAttrs,
    annotations: one.annotations,
    references: one.references.map((row) => presentReference(row)),
    ...beside,
    addition_links: {
      ...Object.fromEntries(additionsOf(one).map((addition) => [addition, linkTo(addition)])),
      ...(sbom === undefined ? {} : { sboms: linkTo('sbom', sbom) }),
      ...(beside.scan_overview ? { vulnerabilities: linkTo('vulnerabilities') } : {}),
    },
  }
}
