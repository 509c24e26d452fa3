import { algorithmOf, hexOf, type Digest } from '../../oci/digest.ts'
import type { RepositoryName } from '../../oci/reference.ts'
import type { Queryable, Tx } from '../platform/db/db.ts'
import { keyOf } from '../platform/cache/keys.ts'
import { sql } from '../platform/db/sql.ts'
import type { Reader } from './reader.ts'

/** Size in bytes. */
export type Blob = { id: number; digest: Digest; size: number }

export const blobKey = keyOf('blob', 'repository', 'digest')

/** Docker Distribution's own layout, so that an existing registry's folder can be taken over in place. */
export function blobPath(digest: Digest): string {
  const hex = hexOf(digest)
  return `docker/registry/v2/blobs/${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}/data`
}

/** A blob that this very repository holds (C-38); that its bytes exist somewhere gives no right to them. */
export function findBlob({ db, cache }: Reader, repository: RepositoryName, digest: Digest): Promise<Blob | undefined> {
  return cache.get(blobKey(repository, digest), () =>
    db.row<Blob>(sql`
      select blob.id, blob.digest, blob.size from blob
      join repository_blob held on held.blob_id = blob.id
      join repository on repository.id = held.repository_id
      where blob.digest = ${digest} and repository.name = ${repository}`),
  )
}

/** Of the given digests, those that the repository holds. */
export function findBlobs(db: Queryable, repositoryId: number, digests: string[]): Promise<Blob[]> {
  return db.rows<Blob>(sql`
    select blob.id, blob.digest, blob.size from blob join repository_blob held on held.blob_id = blob.id
    where held.repository_id = ${repositoryId} and blob.digest = any(${digests}::text[])`)
}

/**
 * Records bytes that are durable in storage, and that the repository holds them. Repeating it changes nothing; many at once
 * for one digest make one row.
 */
export async function saveBlob(tx: Tx, repositoryId: number, blob: { digest: Digest; size: number }): Promise<void> {
  // A concurrent insert that this statement's snapshot cannot see yet leaves `known` empty; the next statement sees it.
  for (;;) {
    const row = await tx.row(sql`
      with made as (insert into blob (digest, size) values (${blob.digest}, ${blob.size}) on conflict (digest) do nothing returning id),
        known as (select id from made union all select id from blob where digest = ${blob.digest} limit 1),
        held as (insert into repository_blob (repository_id, blob_id) select ${repositoryId}, id from known on conflict do nothing)
      select id from known`)
    if (row) return
  }
}

/** Adds a blob that another repository holds; false when that one does not hold it. */
export async function linkBlob(tx: Tx, repositoryId: number, from: RepositoryName, digest: Digest): Promise<boolean> {
  const linked = await tx.row(sql`
    with source as (
      select blob.id from blob join repository_blob held on held.blob_id = blob.id join repository on repository.id = held.repository_id
      where blob.digest = ${digest} and repository.name = ${from} for key share of held),
    added as (insert into repository_blob (repository_id, blob_id) select ${repositoryId}, id from source on conflict do nothing)
    select id from source`)
  return linked !== undefined
}

/** Ends the repository's hold on a blob. False when it had none. A foreign key refuses while a manifest there needs it. */
export async function unlinkBlob(tx: Tx, repository: { id: number; name: string }, digest: Digest): Promise<boolean> {
  tx.changes(blobKey(repository.name, digest))
  const count = await tx.run(sql`
    delete from repository_blob using blob
    where repository_blob.repository_id = ${repository.id} and blob.id = repository_blob.blob_id and blob.digest = ${digest}`)
  return count > 0
}
