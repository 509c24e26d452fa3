import type { Queryable } from '../../../platform/db/db.ts'
import { sql, Sql } from '../../../platform/db/sql.ts'
import type { OverviewReader } from '../overviews.ts'
import { beside } from '../store.ts'
import { keep, type KeptArtifact, type KeptRow } from './kept.ts'

/**
 * Reads artifacts with their tags, labels and references by one statement: four statements at once took twice as long.
 */
export type KeptReader = (db: Queryable, ids: number[]) => Promise<KeptArtifact[]>

/**
 * With `overviews`, those are read as well. PostgreSQL joins most columns to a few texts: it takes longer to send, and
 * Marina to receive, a column than a field of a text. JSON comes as text, which the answer repeats.
 */
export function keptReader(overviews?: OverviewReader): KeptReader {
  // Made once: the text of a statement with parts is otherwise joined and hashed for each list.
  const made = sql`
    select artifact.id,
      concat_ws(chr(31), artifact.repository_id, repository.name, repository.project_id, artifact.kind, artifact.type,
        artifact.media_type, coalesce(artifact.config_media_type, ''), coalesce(artifact.artifact_type, '')) as share,
      concat_ws(chr(31), artifact.digest, artifact.size, artifact.pushed_at at time zone interval '0',
        artifact.pull_count, coalesce((artifact.pulled_at at time zone interval '0')::text, ''),
        coalesce(artifact.icon_digest, '')) as facts,
      artifact.extra_attrs::text as "extraAttrs", artifact.annotations::text as annotations,
      (select string_agg(
          concat_ws(chr(31), one.id, one.name, one.pushed_at at time zone interval '0', one.pull_count,
            one.pulled_at at time zone interval '0'), chr(30) order by one.id desc)
        from (
          select * from tag where tag.artifact_id = artifact.id order by id desc limit ${beside}) one) as tags,
      (select string_agg(label_id::text, ',' order by label_id) from artifact_label
        where artifact_label.artifact_id = artifact.id) as labels,
      case when artifact.kind = 'index' then (
        select json_agg(
          json_build_array(child_id, child.digest, artifact_child.platform, artifact_child.annotations)
          order by position, child_id)::text
        from artifact_child join artifact child on child.id = child_id
        where parent_id = artifact.id) end as "references"
      ${overviews ? sql`, ${overviews.select} as overviews` : sql``}
    from artifact join repository on repository.id = artifact.repository_id
    where artifact.id = any(${[]}::bigint[])`
  return async (db, ids) => {
    const rows = await db.rows<KeptRow>(new Sql(made.name, made.text, [...made.values.slice(0, -1), ids]))
    return rows.map((row) => keep(row, overviews?.parse))
  }
}
