import { Platform } from './artifacts.ts'
import { operation } from './operation.ts'
import { RepositoryPath } from './repositories.ts'
import { nameParam, pageQuery } from './requests.ts'
import { Type } from './type.ts'

const time = Type.String({ format: 'date-time' })

/** `repositories`: other repositories that the caller may read and that hold it, too; at most 100 are counted. */
export const GraphBlob = Type.Object({
  digest: Type.String(),
  media_type: Type.String(),
  size: Type.Integer({ description: 'bytes' }),
  repositories: Type.Integer(),
})

/** `config` and `layers` are absent of an index, and of parts beyond the bounds of the answer. */
export const GraphNode = Type.Object({
  digest: Type.String(),
  media_type: Type.String(),
  type: Type.String(),
  artifact_type: Type.Optional(Type.String()),
  size: Type.Integer({ description: 'bytes, with all that it names' }),
  push_time: time,
  tags: Type.Array(Type.String(), { description: 'the newest, at most 20' }),
  platform: Type.Optional(Platform),
  annotations: Type.Record(Type.String(), Type.String()),
  config: Type.Optional(GraphBlob),
  layers: Type.Optional(Type.Array(GraphBlob)),
})

/** An entry of an index. `node` is absent when the repository does not have it. */
export const GraphChild = Type.Object({
  digest: Type.String(),
  platform: Type.Optional(Platform),
  annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
  node: Type.Optional(GraphNode),
})

/** What says something about the artifact or one of its parts: signatures, SBOMs, attestations. */
export const GraphReferrer = Type.Object({
  digest: Type.String(),
  subject: Type.String({ description: 'digest of the artifact or part that it is about' }),
  type: Type.String({ description: 'as Harbor names accessories' }),
  artifact_type: Type.Optional(Type.String()),
  size: Type.Integer({ description: 'bytes' }),
  push_time: time,
  annotations: Type.Record(Type.String(), Type.String()),
})

export const GraphParent = Type.Object({ digest: Type.String(), type: Type.String(), tags: Type.Array(Type.String()) })

export const Graph = Type.Object({
  node: GraphNode,
  children: Type.Array(GraphChild),
  referrers: Type.Array(GraphReferrer, { description: 'at most 1000' }),
  parents: Type.Array(GraphParent, { description: 'indexes that name the artifact; at most 100' }),
  is_whole: Type.Boolean({ description: 'false: something was left out, as the answer would be too large' }),
})

export const ArtifactPlace = Type.Object({
  project_id: Type.Integer(),
  project_name: Type.String(),
  repository_name: Type.String({ description: 'with the project' }),
  digest: Type.String(),
  tags: Type.Array(Type.String(), { description: 'the newest, at most 20' }),
  push_time: time,
})

const path = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const params = Type.Object({ ...RepositoryPath.properties, reference: nameParam })

export const getArtifactGraph = operation({
  id: 'getArtifactGraph',
  tag: 'artifact',
  method: 'GET',
  path: `${path}/graph`,
  summary: 'What an artifact is made of and what is about it: parts, layers, referrers, indexes that name it',
  params,
  status: 200,
  answer: Graph,
})

export const listArtifactPlaces = operation({
  id: 'listArtifactPlaces',
  tag: 'artifact',
  method: 'GET',
  path: `${path}/places`,
  summary: 'Where else the same digest is: other repositories that the caller may read',
  params,
  query: Type.Object(pageQuery),
  status: 200,
  answer: Type.Array(ArtifactPlace),
  page: true,
})
