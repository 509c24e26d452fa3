import { Platform, Tag } from './artifacts.ts'
import { Label } from './labels.ts'
import { operation } from './operation.ts'
import { listQuery, ownBounds, ProjectName } from './requests.ts'
import { Type } from './type.ts'

/** A tag with what it names: an artifact stands in as many rows as it has tags. */
export const RepositoryTag = Type.Object({
  ...Tag.properties,
  digest: Type.String(),
  type: Type.String(),
  size: Type.Integer({ description: 'bytes of the artifact, with all that it names' }),
  platforms: Type.Array(Platform, { description: 'of an image, or of the parts of an index' }),
  accessories: Type.Array(Type.String(), { description: 'what belongs to the artifact, each type once' }),
  labels: Type.Array(Label),
})

/**
 * The repository stands in the query: below its path, `tags` could be the last part of a name that a client writes raw.
 */
export const listRepositoryTags = operation({
  id: 'listRepositoryTags',
  tag: 'repository',
  method: 'GET',
  path: '/projects/{project_name}/tags',
  summary: 'List the tags of a repository, newest first, each with its artifact',
  params: ProjectName,
  query: Type.Object({
    ...listQuery,
    repository: Type.String({
      minLength: 1,
      maxLength: 1024,
      ...ownBounds,
      description: 'name of the repository, without the project',
    }),
  }),
  status: 200,
  answer: Type.Array(RepositoryTag),
  page: true,
})
