import type { Static } from 'typebox'
import type { Graph, GraphBlob, GraphNode } from '../../../../api/artifact-graph.ts'
import { parseManifest, type Descriptor, type Manifest } from '../../../../oci/manifest.ts'
import type { Viewer } from '../../../catalog/viewer.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import type { Artifacts } from '../objects.ts'
import type { ArtifactObject, ReferenceRow } from '../store.ts'
import { presentPlatform } from '../wire.ts'
import { countHolders, limits, listManifests, listParents, listReferrersOf, type ReferrerRow } from './store.ts'

type Node = Static<typeof GraphNode>
type BlobOf = (one: Descriptor) => Static<typeof GraphBlob>

/** Puts an artifact's graph together: five reads, however many parts and layers it has. */
export async function graphOf(
  { db, artifacts }: { db: Queryable; artifacts: Artifacts },
  artifact: ArtifactObject,
  viewer: Viewer,
): Promise<Static<typeof Graph>> {
  const { id, repositoryId, references } = artifact
  const childIds = [...new Set(references.map(({ childId }) => childId))]
  const children = await artifacts.list(childIds)
  const [manifests, referrers, parents] = await Promise.all([
    readManifests(db, [artifact, ...children]),
    listReferrersOf(db, repositoryId, [artifact.digest, ...children.map(({ digest }) => digest)]),
    listParents(db, repositoryId, id),
  ])
  const named = [...manifests.values()].flatMap(blobsOf)
  const counted = await countHolders(db, repositoryId, [...new Set(named.map(({ digest }) => digest))], viewer)
  const counts = new Map(counted.map(({ digest, count }) => [digest, count]))
  const blobOf: BlobOf = ({ digest, mediaType, size }) => ({
    digest,
    media_type: mediaType,
    size,
    repositories: counts.get(digest) ?? 0,
  })
  const nodeOf = (one: ArtifactObject) => presentNode(one, manifests.get(one.id), blobOf)
  const nodes = new Map(children.map((one) => [one.id, nodeOf(one)]))
  return {
    node: nodeOf(artifact),
    children: references.map((one) => presentChild(one, nodes.get(one.childId))),
    referrers: referrers.map(presentReferrer),
    parents,
    is_whole:
      manifests.size === 1 + children.length && referrers.length < limits.referrers && parents.length < limits.parents,
  }
}

async function readManifests(db: Queryable, all: ArtifactObject[]): Promise<Map<number, Manifest>> {
  const types = new Map(all.map(({ id, mediaType }) => [id, mediaType]))
  const rows = await listManifests(db, [...types.keys()])
  return new Map(
    rows.flatMap(({ id, content }) => (content ? [[id, parseManifest(content, types.get(id))] as const] : [])),
  )
}

const blobsOf = ({ config, layers }: Manifest): Descriptor[] => [...(config ? [config] : []), ...layers]

function presentNode(one: ArtifactObject, manifest: Manifest | undefined, blobOf: BlobOf): Node {
  return {
    digest: one.digest,
    media_type: one.mediaType,
    type: one.type,
    ...(one.artifactType === null ? {} : { artifact_type: one.artifactType }),
    size: one.size,
    push_time: one.pushedAt.toISOString(),
    tags: one.tags.slice(0, 20).map(({ name }) => name),
    annotations: one.annotations,
    ...(manifest?.kind === 'image'
      ? {
          ...(manifest.config ? { config: blobOf(manifest.config) } : {}),
          layers: manifest.layers.map(blobOf),
        }
      : {}),
  }
}

const presentChild = ({ childDigest, platform, annotations }: ReferenceRow, node: Node | undefined) => ({
  digest: childDigest,
  ...(platform ? { platform: presentPlatform(platform) } : {}),
  ...(annotations ? { annotations } : {}),
  ...(node ? { node } : {}),
})

const presentReferrer = ({ digest, subject, type, artifactType, size, pushedAt, annotations }: ReferrerRow) => ({
  digest,
  subject,
  type,
  ...(artifactType === null ? {} : { artifact_type: artifactType }),
  size,
  push_time: pushedAt.toISOString(),
  annotations,
})
