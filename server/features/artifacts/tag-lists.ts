import type { Paged, Queryable } from '../../platform/db/db.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { tagColumns, type TagRow } from './store.ts'

export const tagFields: Fields = {
  id: { type: 'integer', column: sql`tag.id` },
  name: { type: 'text', column: sql`tag.name` },
  repository_id: { type: 'integer', column: sql`tag.repository_id` },
  artifact_id: { type: 'integer', column: sql`tag.artifact_id` },
  push_time: { type: 'time', column: sql`tag.pushed_at` },
  pull_time: { type: 'time', column: sql`tag.pulled_at` },
  pull_count: { type: 'integer', column: sql`tag.pull_count` },
}
export const tagOrder = sql`tag.pushed_at desc, tag.id desc`

/** One page of an artifact's tags. */
export function listTags(db: Queryable, artifactId: number, { where, ...part }: Listing): Promise<Paged<TagRow>> {
  return db.page({ columns: tagColumns, from: sql`from tag where tag.artifact_id = ${artifactId} and ${where}` }, part)
}

/** One page of a repository's tags. */
export function listTagsOf(db: Queryable, repositoryId: number, { where, ...part }: Listing): Promise<Paged<TagRow>> {
  const from = sql`from tag where tag.repository_id = ${repositoryId} and ${where}`
  return db.page({ columns: tagColumns, from }, part)
}
