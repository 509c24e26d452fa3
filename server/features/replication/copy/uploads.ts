import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'

/** Uploads under way at a target, kept in the database so that any process goes on with them. */
export type Uploads = {
  find(repository: RepositoryName, digest: Digest): Promise<string | undefined>
  save(repository: RepositoryName, digest: Digest, upload: string): Promise<void>
  drop(repository: RepositoryName, digest: Digest): Promise<void>
}

/** `endpointId` 0: Marina itself. */
export function openUploads(db: Queryable, endpointId: number): Uploads {
  const where = (repository: RepositoryName, digest: Digest) =>
    sql`endpoint_id = ${endpointId} and repository = ${repository} and digest = ${digest}`
  return {
    async find(repository, digest) {
      const row = await db.row<{ upload: string }>(
        sql`select upload from replication_upload where ${where(repository, digest)}`,
      )
      return row?.upload
    },
    async save(repository, digest, upload) {
      await db.run(sql`
        insert into replication_upload (endpoint_id, repository, digest, upload)
        values (${endpointId}, ${repository}, ${digest}, ${upload})
        on conflict (endpoint_id, repository, digest) do update set upload = excluded.upload, updated_at = now()`)
    },
    drop: async (repository, digest) =>
      void (await db.run(sql`delete from replication_upload where ${where(repository, digest)}`)),
  }
}

/** Forgets uploads that nobody has gone on with for a week: registries drop them after a day or so. */
export function sweepUploads(db: Queryable): Promise<number> {
  return db.run(sql`
    delete from replication_upload where ctid = any(array(
      select ctid from replication_upload where updated_at < now() - interval '7 days' limit 10000))`)
}
