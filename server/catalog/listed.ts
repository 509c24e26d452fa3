import { sql } from '../platform/db/sql.ts'

/**
 * A condition over `artifact`: what a list shows at its top. Parts of an index are shown below it unless they have a tag of
 * their own; what belongs to another artifact is shown with it, once that one is there.
 */
export const listedArtifacts = sql`(
  (exists (select 1 from tag where tag.artifact_id = artifact.id)
    or not exists (select 1 from artifact_child where artifact_child.repository_id = artifact.repository_id and artifact_child.child_id = artifact.id))
  and not exists (select 1 from accessory join artifact subject on subject.repository_id = accessory.repository_id and subject.digest = accessory.subject_digest
    where accessory.artifact_id = artifact.id))`
