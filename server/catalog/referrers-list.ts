import { sql } from '../platform/db/sql.ts'

/** The subject whose referrers an index lists under its only tag; it may list none. */
const bySoleTag = sql`(
  select named.id
  from tag join artifact named on named.repository_id = artifact.repository_id
    and named.digest between replace(tag.name, '-', ':') and replace(tag.name, '-', ':') || repeat('f', 64)
  where tag.artifact_id = artifact.id and tag.name ~ '^sha(256|512)-[a-f0-9]{64}$' and named.id <> artifact.id
    and not exists (select from tag other where other.artifact_id = artifact.id and other.id <> tag.id)
    and not exists (
      select from artifact_child
        left join accessory on accessory.artifact_id = artifact_child.child_id
          and accessory.subject_digest = named.digest
      where artifact_child.parent_id = artifact.id and accessory.id is null)
  limit 1)`

/** The same of an index without a tag, which it has lost to the next list. */
const byParts = sql`(
  select min(named.id)
  from artifact_child
    left join accessory on accessory.artifact_id = artifact_child.child_id
    left join artifact named on named.repository_id = artifact.repository_id
      and named.digest = accessory.subject_digest
  where artifact_child.parent_id = artifact.id
  having count(*) = count(named.id) and count(distinct named.id) = 1)`

/**
 * Of the row `artifact`, the id of the artifact whose referrers it lists: an index under the tag `<algorithm>-<hex>`
 * that clients write for registries without the referrers API (Distribution Specification 1.1, "Referrers Tag Schema";
 * notation writes one to each registry), or one that such an index has replaced. Null unless it is nothing else: it has
 * no other tag, the subject is here, and all that it names are accessories of the subject.
 */
export const subjectOfList = sql`(
  case when artifact.kind <> 'index' then null
    when (select tag.id from tag where tag.artifact_id = artifact.id limit 1) is null then ${byParts}
    else ${bySoleTag} end)`

/** The tag of such a list for the row `tree`: a tag has room for the first 64 digits of any digest. */
export const tagOfList = sql`left(replace(tree.digest, ':', '-'), 71)`
