import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Digest } from '../../../../oci/digest.ts'
import type { Db, Queryable, Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import type { Status } from '../../../platform/jobs/type.ts'
import { catalogersVersion } from '../inventory/catalogers/list.ts'
import { openPaths, pathsFrom } from '../inventory/hashes.ts'
import type { LayerInventory } from '../inventory/layer-inventory.ts'
import type { ScannedImage, ScannerDescription } from '../scanners/scanner.ts'

/**
 * What is known of a layer. `isLowest`: it lies below all others, so that its own paths are of no use. Undefined when
 * it was not read yet, or by other catalogers.
 */
export async function findLayerInventory(
  db: Queryable,
  digest: Digest,
  isLowest: boolean,
): Promise<LayerInventory | undefined> {
  const row = await db.row<{ content: Buffer; paths: Buffer | null }>(sql`
    select content, ${isLowest ? sql`null::bytea` : sql`paths`} as paths
    from layer_inventory join blob on blob.id = layer_inventory.blob_id
    where blob.digest = ${digest} and version = ${catalogersVersion} and (${isLowest} or paths is not null)`)
  if (!row) return undefined
  const layer = JSON.parse(zstdDecompressSync(row.content).toString('utf8')) as Omit<LayerInventory, 'paths'>
  return { ...layer, paths: row.paths ? pathsFrom(row.paths) : openPaths().close() }
}

/** Keeps what was read of a layer; does nothing for a layer whose blob is gone. */
export async function saveLayerInventory(
  db: Db,
  digest: Digest,
  { paths, ...layer }: LayerInventory,
  isLowest: boolean,
): Promise<void> {
  const content = zstdCompressSync(Buffer.from(JSON.stringify(layer)))
  await db.run(sql`
    insert into layer_inventory (blob_id, version, content, paths)
    select id, ${catalogersVersion}, ${content}, ${isLowest ? null : paths.toBuffer()}
    from blob where digest = ${digest}
    on conflict (blob_id) do update
      set version = excluded.version, content = excluded.content, paths = excluded.paths, read_at = clock_timestamp()`)
}

/** An image that can be looked into. */
export type Subject = ScannedImage

export const subjectColumns = sql`
  artifact.id, artifact.digest, artifact.media_type as "mediaType", artifact.size,
  artifact.repository_id as "repositoryId", repository.name as repository, repository.project_id as "projectId",
  coalesce((select name from tag where tag.artifact_id = artifact.id order by tag.id desc limit 1), '') as tag`
/** Attestations and other artifacts have types of their own; what belongs to another artifact is looked at with it. */
export const isScannable = sql`
  artifact.kind = 'image' and artifact.type = 'IMAGE'
  and not exists (select from accessory where accessory.artifact_id = artifact.id)`

/** The images of an artifact, by their ids: the artifact itself, or those of an index and of the indexes in it. */
export function listSubjects(db: Queryable, artifactId: number): Promise<Subject[]> {
  return db.rows<Subject>(sql`
    with recursive tree (id) as (
      select ${artifactId}::bigint
      union select child_id from tree join artifact_child on parent_id = tree.id)
    select ${subjectColumns}
    from tree join artifact using (id) join repository on repository.id = artifact.repository_id
    where ${isScannable} order by artifact.id limit 1000`)
}

/** Undefined when the image was deleted. */
export function findSubject(db: Queryable, id: number): Promise<Subject | undefined> {
  return db.row<Subject>(sql`
    select ${subjectColumns} from artifact join repository on repository.id = artifact.repository_id
    where artifact.id = ${id} and ${isScannable}`)
}

/** Those of the images that were not deleted, in no order. */
export function findSubjects(db: Queryable, ids: number[]): Promise<Subject[]> {
  return db.rows<Subject>(sql`
    select ${subjectColumns} from artifact join repository on repository.id = artifact.repository_id
    where artifact.id = any(${ids}::bigint[]) and ${isScannable}`)
}

/** Images that were pushed to repositories, of those projects of which one of these metadata is true. */
export function listWanted(
  tx: Queryable,
  wishes: ('auto_scan' | 'auto_sbom_generation' | 'hold_until_scanned')[],
  pushed: { projectId: number; repository: string; digest: string }[],
): Promise<Subject[]> {
  return tx.rows<Subject>(sql`
    select ${subjectColumns}
    from unnest(
        ${pushed.map(({ projectId }) => projectId)}::bigint[], ${pushed.map(({ repository }) => repository)}::text[],
        ${pushed.map(({ digest }) => digest)}::text[]) as one (project_id, repository, digest)
      join repository on repository.name = one.repository
      join artifact on artifact.repository_id = repository.id and artifact.digest = one.digest
    where ${isScannable} and exists (
      select from project_metadata wish
      where wish.project_id = one.project_id and wish.name = any(${wishes}::text[]) and wish.value = 'true')
    order by artifact.id`)
}

/** Locks the reports of images, and makes those that are missing. Returns the images of which an SBOM is being made. */
export async function lockReports(tx: Tx, ids: number[]): Promise<{ busy: number[]; made: number[] }> {
  await tx.run(sql`
    insert into sbom_report (artifact_id) select id from artifact where id = any(${ids}::bigint[]) order by id
    on conflict do nothing`)
  const rows = await tx.rows<{ id: number; isBusy: boolean; isMade: boolean }>(sql`
    select artifact_id as id, not is_made and exists (
        select from task where task.id = task_id and status in ('Pending', 'Running')) as "isBusy",
      is_made and sbom_id is not null as "isMade"
    from sbom_report where artifact_id = any(${ids}::bigint[]) order by artifact_id for update`)
  const those = (key: 'isBusy' | 'isMade') => rows.filter((row) => row[key]).map(({ id }) => id)
  return { busy: those('isBusy'), made: those('isMade') }
}

/** Notes the task that makes the next SBOM of each image. What was made before stays until then. */
export async function noteTasks(tx: Tx, tasks: { artifactId: number; taskId: number }[]): Promise<void> {
  await tx.run(sql`
    update sbom_report
    set report_id = gen_random_uuid(), task_id = one.task, is_made = false, started_at = null, ended_at = null
    from unnest(
      ${tasks.map(({ artifactId }) => artifactId)}::bigint[],
      ${tasks.map(({ taskId }) => taskId)}::bigint[]) as one (artifact, task)
    where artifact_id = one.artifact`)
}

type Made = { artifactId: number; taskId: number; sbomId: number; scanner: ScannerDescription; startedAt: Date }

/** Notes the SBOM that the task has made. A task that is not the newest any more changes only which SBOM there is. */
export async function noteMade(tx: Tx, { artifactId, taskId, sbomId, scanner, startedAt }: Made): Promise<void> {
  await tx.run(sql`
    insert into sbom_report (artifact_id, task_id, is_made, sbom_id, scanner, started_at, ended_at)
    values (
      ${artifactId}, ${taskId}, true, ${sbomId}, ${JSON.stringify(scanner)}::jsonb, ${startedAt}, clock_timestamp())
    on conflict (artifact_id) do update
      set sbom_id = excluded.sbom_id, scanner = excluded.scanner, started_at = excluded.started_at,
        ended_at = excluded.ended_at, is_made = sbom_report.is_made or sbom_report.task_id = excluded.task_id`)
}

/** The SBOM that Marina made of an image the last time. */
export function findMadeSbom(tx: Queryable, artifactId: number): Promise<{ id: number; digest: Digest } | undefined> {
  return tx.row<{ id: number; digest: Digest }>(sql`
    select artifact.id, artifact.digest from sbom_report join artifact on artifact.id = sbom_id
    where artifact_id = ${artifactId}`)
}

export type ReportRow = {
  artifactId: number
  reportId: string
  taskId: number | null
  status: Status
  sbomDigest: Digest | null
  scanner: Partial<ScannerDescription>
  startedAt: Date | null
  endedAt: Date | null
}

/** The reports of images, by the images' ids. One whose task is gone before it made an SBOM is none. */
export function listReports(db: Queryable, ids: number[]): Promise<ReportRow[]> {
  return db.rows<ReportRow>(sql`
    select report.artifact_id as "artifactId", report.report_id as "reportId", report.task_id as "taskId",
      case when report.is_made then 'Success' else task.status end as status,
      case when report.is_made then sbom.digest end as "sbomDigest", report.scanner,
      case when report.is_made then report.started_at else task.started_at end as "startedAt",
      case when report.is_made then report.ended_at else task.ended_at end as "endedAt"
    from sbom_report report
      left join task on task.id = report.task_id
      left join artifact sbom on sbom.id = report.sbom_id
    where report.artifact_id = any(${ids}::bigint[])
      and case when report.is_made then sbom.id is not null else task.status is not null end
    order by report.artifact_id`)
}

/** The newest SBOM among the accessories of an image, made by Marina or pushed; undefined when there is none. */
export function findSbom(db: Queryable, artifactId: number): Promise<{ digest: Digest } | undefined> {
  return db.row<{ digest: Digest }>(sql`
    select sbom.digest
    from artifact image
      join accessory on accessory.repository_id = image.repository_id and accessory.subject_digest = image.digest
        and accessory.type = 'sbom.harbor'
      join artifact sbom on sbom.id = accessory.artifact_id
      left join sbom_report on sbom_report.sbom_id = sbom.id
    where image.id = ${artifactId}
    order by sbom_report.sbom_id is null, sbom.id desc limit 1`)
}
