import { artifactListKey } from '../../catalog/artifact.ts'
import { listedArtifacts } from '../../catalog/listed.ts'
import type { Reader } from '../../catalog/reader.ts'
import { sql } from '../../platform/db/sql.ts'

export const newestFirst = sql`artifact.pushed_at desc, artifact.id desc`

/** The ids of all artifacts that a repository lists, newest first, 8 bytes each. */
type Listed = { ids: Float64Array }

/**
 * Reads all ids of a repository's list once and caches them until the next push, tag or delete in the repository
 * (catalog's changesList). Counting 100,000 rows for each page, or skipping half of them by an offset, would take
 * longer than the rest of the page.
 */
export async function findListed({ db, cache }: Reader, repositoryId: number): Promise<Listed> {
  const load = async (): Promise<Listed> => {
    // All ids arrive as one value of bytes: a row for each would take ten times as long.
    const row = await db.row<{ ids: Buffer | null }>(sql`
      select string_agg(int8send(artifact.id), ''::bytea order by ${newestFirst}) as ids
      from artifact where artifact.repository_id = ${repositoryId} and ${listedArtifacts}`)
    const bytes = row!.ids ?? Buffer.alloc(0)
    return {
      ids: Float64Array.from({ length: bytes.length / 8 }, (_, index) => Number(bytes.readBigInt64BE(index * 8))),
    }
  }
  return (await cache.get(artifactListKey(repositoryId), load, ({ ids }) => 200 + ids.byteLength))!
}
