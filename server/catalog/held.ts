import type { Digest } from '../../oci/digest.ts'
import type { Queryable } from '../platform/db/db.ts'
import { sql } from '../platform/db/sql.ts'
import type { Child } from './artifact.ts'
import type { Blob } from './blob.ts'

/** An artifact that a repository has already, and which artifact it is an accessory of. */
export type HeldArtifact = { id: number; accessory: { type: string; subject: Digest } | null }

/** What a repository holds of a manifest that is about to be stored. */
export type Held = { artifact: HeldArtifact | null; blobs: Blob[]; children: Child[] }

/** A manifest that is about to be stored, and the digests of its parts. */
type Wanted = { repositoryId: number; digest: Digest; blobs: Digest[]; children: Digest[] }

type At<Found> = Found & { place: number }
type Row = { artifacts: At<HeldArtifact>[]; blobs: At<Blob>[]; children: At<Child>[] }

/**
 * Looks for artifacts and for their parts, in one statement for all of them: this is the first half of every push.
 * Returns what is held of each, in their order.
 */
export async function findHeld(db: Queryable, wanted: Wanted[]): Promise<Held[]> {
  const selves = placed(wanted, ({ digest }) => [digest])
  const blobs = placed(wanted, (one) => one.blobs)
  const children = placed(wanted, (one) => one.children)
  // Each look-up by itself (offset 0): joined, PostgreSQL may read whole tables for a handful of digests.
  const row = await db.row<Row>(sql`
    select
      (
        select coalesce(json_agg(json_build_object('place', place, 'id', found.id, 'accessory', (
          select json_build_object('type', type, 'subject', subject_digest)
          from accessory where accessory.artifact_id = found.id))), '[]')
        from unnest(${selves.places}::int[], ${selves.repositories}::bigint[], ${selves.digests}::text[])
            as one (place, repository_id, digest),
          lateral (
            select id from artifact
            where repository_id = one.repository_id and digest = one.digest offset 0) found) as artifacts,
      (
        select coalesce(json_agg(json_build_object(
          'place', place, 'id', found.id, 'digest', one.digest, 'size', found.size)), '[]')
        from unnest(${blobs.places}::int[], ${blobs.repositories}::bigint[], ${blobs.digests}::text[])
            as one (place, repository_id, digest),
          lateral (
            select blob.id, blob.size from blob join repository_blob held on held.blob_id = blob.id
            where blob.digest = one.digest and held.repository_id = one.repository_id offset 0) found) as blobs,
      (
        select coalesce(json_agg(json_build_object(
          'place', place, 'id', found.id, 'digest', one.digest, 'size', found.size,
          'length', found.length, 'depth', found.depth)), '[]')
        from unnest(${children.places}::int[], ${children.repositories}::bigint[], ${children.digests}::text[])
            as one (place, repository_id, digest),
          lateral (
            select id, size, octet_length(content) as length, depth
            from artifact join manifest on manifest.artifact_id = artifact.id
            where repository_id = one.repository_id and digest = one.digest offset 0) found) as children`)
  const held = wanted.map((): Held => ({ artifact: null, blobs: [], children: [] }))
  for (const { place, ...artifact } of row!.artifacts) held[place]!.artifact = artifact
  for (const { place, ...blob } of row!.blobs) held[place]!.blobs.push(blob)
  for (const { place, ...child } of row!.children) held[place]!.children.push(child)
  return held
}

/** The digests of all manifests, each once for a manifest, with the place of the manifest and its repository. */
function placed(wanted: Wanted[], digestsOf: (one: Wanted) => Digest[]) {
  const each = wanted.flatMap((one, place) =>
    [...new Set(digestsOf(one))].map((digest) => ({ place, digest, repositoryId: one.repositoryId })),
  )
  return {
    places: each.map(({ place }) => place),
    repositories: each.map(({ repositoryId }) => repositoryId),
    digests: each.map(({ digest }) => digest),
  }
}
