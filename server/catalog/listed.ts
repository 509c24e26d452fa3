import { sql } from '../platform/db/sql.ts'
import { subjectOfList } from './referrers-list.ts'

/**
 * A condition over `artifact`: the artifacts that a list shows at its top. A child of an index is shown below it unless
 * it has a tag of its own; an accessory is shown with its subject, if that exists, and a list of a subject's referrers
 * not at all (`subjectOfList`). The first two parts are sub-selects
 * with a limit, not `exists`, which PostgreSQL would answer for one page by hashing all tags (140 ms instead of 0.1
 * with 100,000).
 */
export const listedArtifacts = sql`(
  (
    (select artifact_child.child_id from artifact_child
      where artifact_child.repository_id = artifact.repository_id and artifact_child.child_id = artifact.id
      limit 1) is null
    or (select tag.id from tag where tag.artifact_id = artifact.id limit 1) is not null)
  and not exists (
    select 1 from accessory
      join artifact subject
        on subject.repository_id = accessory.repository_id and subject.digest = accessory.subject_digest
    where accessory.artifact_id = artifact.id)
  and ${subjectOfList} is null)`
