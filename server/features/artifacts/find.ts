import type { Digest } from '../../../oci/digest.ts'
import type { Tag } from '../../../oci/reference.ts'
import { visibleRepositories, type Viewer } from '../../catalog/viewer.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'

type FoundRow = {
  projectName: string
  repositoryName: string
  digest: Digest
  tag: Tag | null
  type: string
  size: number
  pushedAt: Date
}

/** The most that a search answers, and the most of one repository. */
const most = 50
const mostOfOne = 5

const columns = sql`project.name as "projectName", repository.name as "repositoryName", found.digest, found.tag,
  found.type, found.size, found."pushedAt"`

/**
 * Artifacts whose digest, or one of whose tags, begins with the text. Each visible repository is probed by its own
 * index, (repository_id, digest) or (repository_id, name): the cost grows with repositories and not with artifacts.
 */
export function findArtifacts(db: Queryable, viewer: Viewer, text: string): Promise<FoundRow[]> {
  // U+FFFF sorts after every character of a digest or a tag.
  const end = `${text}\uffff`
  const byDigest = sql`
    select digest, null as tag, type, size, pushed_at as "pushedAt" from artifact
    where artifact.repository_id = repository.id and digest >= ${text} and digest < ${end}
    order by digest limit ${mostOfOne}`
  const byTag = sql`
    select artifact.digest, tag.name::text as tag, artifact.type, artifact.size, tag.pushed_at as "pushedAt"
    from tag join artifact on artifact.id = tag.artifact_id
    where tag.repository_id = repository.id and tag.name >= ${text} and tag.name < ${end}
    order by tag.name limit ${mostOfOne}`
  return db.rows<FoundRow>(sql`
    select ${columns} from repository join project on project.id = repository.project_id,
      lateral (${text.includes(':') ? byDigest : byTag}) found
    where ${visibleRepositories(viewer)} order by found."pushedAt" desc, repository.name limit ${most}`)
}
