import { projectOf, type RepositoryName } from '../../../../oci/reference.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { readMetadata } from '../../projects/index.ts'
import { worstFindings } from '../../scanning/index.ts'
import { compileFilters, severityWords, withProject, type Chosen } from '../policies/filters.ts'
import type { Filter } from '../policies/policy.ts'

export type RepositoryRow = { id: number; name: RepositoryName }

/** A tag of an image. */
export type Candidate = { artifactId: number; tag: string; digest: string; mediaType: string }

/** A candidate that repository, tag and labels choose. `reason`: why it is left out all the same. */
export type Judged = Candidate & { reason?: string }

/** The filters of a policy with what its project asks of pulls. */
export async function chosenBy(reader: Reader, projectId: number, filters: readonly Filter[]): Promise<Chosen> {
  return withProject(compileFilters(filters), await readMetadata(reader, projectId))
}

/** Repositories of a project after the one with the id `after`, by id. */
export function listRepositoriesAfter(db: Queryable, projectId: number, after: number): Promise<RepositoryRow[]> {
  return db.rows<RepositoryRow>(sql`
    select id, name from repository where project_id = ${projectId} and id > ${after} order by id limit ${page}`)
}

/** How many repositories, and tags, one statement reads. */
export const page = 500

/** Signatures and other artifacts that belong to an image, and what is no image, are not preheated, as in Harbor. */
const isImage = sql`
  artifact.type = 'IMAGE' and not exists (select from accessory where accessory.artifact_id = artifact.id)`
const columns = sql`
  artifact.id as "artifactId", tag.name as tag, artifact.digest, artifact.media_type as "mediaType"`

/** The tags of images in a repository after this one, by name. */
export function listTagsAfter(db: Queryable, repositoryId: number, after: string): Promise<Candidate[]> {
  return db.rows<Candidate>(sql`
    select ${columns} from tag join artifact on artifact.id = tag.artifact_id
    where tag.repository_id = ${repositoryId} and tag.name > ${after} and ${isImage} order by tag.name limit ${page}`)
}

/** What these tags of a repository mean now. */
export function listTagsNamed(db: Queryable, repositoryId: number, tags: string[]): Promise<Candidate[]> {
  return db.rows<Candidate>(sql`
    select ${columns} from tag join artifact on artifact.id = tag.artifact_id
    where tag.repository_id = ${repositoryId} and tag.name = any(${tags}::text[]) and ${isImage} order by tag.name`)
}

/** The tags of these artifacts and of the indexes that hold them, at most 5,000. */
export function listTagsOf(db: Queryable, repositoryId: number, digests: string[]): Promise<Candidate[]> {
  return db.rows<Candidate>(sql`
    with named as (
      select id from artifact where repository_id = ${repositoryId} and digest = any(${digests}::text[])),
    meant as (
      select id from named
      union select parent_id from artifact_child
        where repository_id = ${repositoryId} and child_id in (select id from named))
    select ${columns} from meant join artifact using (id) join tag on tag.artifact_id = artifact.id
    where ${isImage} order by tag.name limit 5000`)
}

/** Those of a repository's candidates that tag and labels choose, in their order; some with a reason against them. */
export async function judge(
  reader: Reader,
  chosen: Chosen,
  { repository, projectId }: { repository: RepositoryRow; projectId: number },
  all: Candidate[],
): Promise<Judged[]> {
  if (!chosen.takesRepository(shortName(repository.name))) return []
  const tagged = all.filter(({ tag }) => chosen.takesTag(tag))
  const labels = chosen.labels.length === 0 ? undefined : await readLabels(reader.db, tagged)
  const labeled = tagged.filter(({ artifactId }) =>
    chosen.labels.every((one) => labels?.get(artifactId)?.includes(one) ?? false),
  )
  if (labeled.length === 0) return []
  const signed = chosen.isSigned === undefined ? undefined : await readSigned(reader.db, repository.id, labeled)
  const ids = [...new Set(labeled.map(({ artifactId }) => artifactId))]
  const worst = chosen.below === undefined ? undefined : await worstFindings(reader, projectId, ids)
  return labeled.map((one) => {
    const reason =
      (signed && signatureProblem(chosen, signed.has(one.digest))) ??
      (worst && severityProblem(chosen, worst.get(one.artifactId)))
    return reason === undefined ? one : { ...one, reason }
  })
}

const shortName = (name: RepositoryName): string => name.slice(projectOf(name).length + 1)

function signatureProblem({ isSigned }: Chosen, has: boolean): string | undefined {
  if (has === isSigned) return undefined
  return isSigned ? 'it has no signature' : 'it has a signature'
}

/** `rank`: of the worst finding, one more than Harbor's code; undefined: not scanned, which is worse than all. */
function severityProblem({ below = 0 }: Chosen, rank: number | undefined): string | undefined {
  if (rank === undefined) return 'it was not scanned'
  const code = Math.max(0, rank - 1)
  return code < below ? undefined : `its worst vulnerability is ${severityWords[code]}`
}

async function readLabels(db: Queryable, all: Candidate[]): Promise<Map<number, string[]>> {
  const rows = await db.rows<{ id: number; names: string[] }>(sql`
    select artifact_id as id, array_agg(label.name) as names
    from artifact_label join label on label.id = artifact_label.label_id
    where artifact_id = any(${all.map(({ artifactId }) => artifactId)}::bigint[]) group by artifact_id`)
  return new Map(rows.map(({ id, names }) => [id, names]))
}

async function readSigned(db: Queryable, repositoryId: number, all: Candidate[]): Promise<Set<string>> {
  const rows = await db.rows<{ digest: string }>(sql`
    select distinct subject_digest as digest from accessory
    where repository_id = ${repositoryId} and subject_digest = any(${all.map(({ digest }) => digest)}::text[])
      and type in ('signature.cosign', 'signature.notation')`)
  return new Set(rows.map(({ digest }) => digest))
}
