import type { Digest } from '../../oci/digest.ts'
import type { Queryable } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'
import type { Child } from './artifact.ts'
import type { Blob } from './blob.ts'

/** An artifact that a repository has already, and which artifact it is an accessory of. */
export type HeldArtifact = { id: number; accessory: { type: string; subject: Digest } | null }

/** What a repository holds of a manifest that is about to be stored. */
export type Held = { artifact: HeldArtifact | null; blobs: Blob[]; children: Child[] }

/** Looks for the artifact itself and for its parts, in one statement: this is the first half of every push. */
export async function findHeld(
  db: Queryable,
  repositoryId: number,
  wanted: { digest: Digest; blobs: Digest[]; children: Digest[] },
): Promise<Held> {
  const row = await db.row<Held>(sql`
    select
      (
        select json_build_object('id', artifact.id, 'accessory', (
          select json_build_object('type', type, 'subject', subject_digest)
          from accessory where accessory.artifact_id = artifact.id))
        from artifact where repository_id = ${repositoryId} and digest = ${wanted.digest}) as artifact,
      (
        select coalesce(json_agg(json_build_object('id', blob.id, 'digest', blob.digest, 'size', blob.size)), '[]')
        from blob join repository_blob held on held.blob_id = blob.id
        where held.repository_id = ${repositoryId} and blob.digest = any(${wanted.blobs}::text[])) as blobs,
      (
        select coalesce(json_agg(json_build_object(
          'id', id, 'digest', digest, 'size', size, 'length', octet_length(content), 'depth', depth)), '[]')
        from artifact join manifest on manifest.artifact_id = artifact.id
        where repository_id = ${repositoryId} and digest = any(${wanted.children}::text[])) as children`)
  return row!
}
