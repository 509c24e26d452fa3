import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ownBounds, pageQuery, ProjectName } from './requests.ts'

/**
 * Bytes of one thing. `size`: all that it needs, each blob once. `shared`: the part of it that others beside it need as
 * well. `exclusive`: the rest, which deleting it frees, once the time for taking a deletion back is over.
 */
const bytes = {
  size: Type.Integer({ description: 'bytes' }),
  shared: Type.Integer({ description: 'bytes that others beside it need, too' }),
  exclusive: Type.Integer({ description: 'bytes that nothing beside it needs: deleting it frees them' }),
}

/**
 * Within a project, bytes are shared or exclusive as its quota counts them: other projects do not matter, and stay
 * unknown. What deleting something frees in storage is shown to those who may read the system's volumes.
 */
const inStorage = Type.Optional(
  Type.Integer({ description: 'bytes that nothing in any project needs, for those who may read the system volumes' }),
)

/** A project, or what takes storage beside the projects; `limit` is the project's quota, -1 for none. */
export const SystemUsage = Type.Object({
  kind: Type.String({ enum: ['project', 'system-artifacts', 'uploads', 'trash'] }),
  name: Type.String(),
  project_id: Type.Optional(Type.Integer()),
  ...bytes,
  repositories: Type.Optional(Type.Integer()),
  limit: Type.Optional(Type.Integer({ description: 'bytes' })),
})

export const RepositoryUsage = Type.Object({
  kind: Type.String({ enum: ['repository'] }),
  name: Type.String({ description: 'without the project' }),
  repository_id: Type.Integer(),
  ...bytes,
  exclusive_in_storage: inStorage,
  artifacts: Type.Integer(),
})

/** An artifact with its parts and accessories that have no tag of their own: they go with it. */
export const ArtifactUsage = Type.Object({
  kind: Type.String({ enum: ['artifact'] }),
  digest: Type.String(),
  tags: Type.Array(Type.String(), { description: 'the newest, at most 20' }),
  tag_count: Type.Integer(),
  type: Type.String(),
  push_time: Type.String({ format: 'date-time' }),
  ...bytes,
  exclusive_in_storage: inStorage,
})

const sort = (names: string[]) =>
  Type.Optional(Type.String({ enum: names, description: 'the largest first when left out' }))

const shape = { tag: 'usage', method: 'GET', status: 200, page: true } as const

export const listSystemUsage = operation({
  ...shape,
  id: 'listSystemUsage',
  path: '/usage',
  summary: 'What takes the storage: each project, system artifacts, unfinished uploads and the trash',
  query: Type.Object({ ...pageQuery, sort: sort(['-size', '-exclusive', 'name']) }),
  answer: Type.Array(SystemUsage),
})

export const listProjectUsage = operation({
  ...shape,
  id: 'listProjectUsage',
  path: '/projects/{project_name}/usage',
  summary: "What takes a project's quota: each of its repositories",
  params: ProjectName,
  query: Type.Object({ ...pageQuery, sort: sort(['-size', '-exclusive', 'name']) }),
  answer: Type.Array(RepositoryUsage),
})

export const listRepositoryUsage = operation({
  ...shape,
  id: 'listRepositoryUsage',
  path: '/projects/{project_name}/usage/artifacts',
  summary: 'What takes the bytes of a repository: each artifact with its tags',
  params: ProjectName,
  query: Type.Object({
    ...pageQuery,
    repository: Type.String({
      minLength: 1,
      maxLength: 1024,
      ...ownBounds,
      description: 'name of the repository, without the project',
    }),
    sort: sort(['-size', '-push_time']),
  }),
  answer: Type.Array(ArtifactUsage),
})
