import { operation } from './operation.ts'
import { ownBounds } from './requests.ts'
import { Type } from './type.ts'

/** `tag` is there when it was found by its tag. */
const FoundArtifact = Type.Object({
  project_name: Type.String(),
  repository_name: Type.String({ description: 'with the project' }),
  digest: Type.String(),
  tag: Type.Optional(Type.String()),
  type: Type.String(),
  size: Type.Integer({ description: 'bytes' }),
  push_time: Type.String({ format: 'date-time' }),
})

export const findArtifacts = operation({
  id: 'findArtifacts',
  tag: 'search',
  method: 'GET',
  path: '/search/artifacts',
  summary: 'Find artifacts by the beginning of a tag or of a digest, in every repository that the caller may read',
  query: Type.Object({
    q: Type.String({
      minLength: 1,
      maxLength: 128,
      ...ownBounds,
      description: 'a tag, or a digest from its algorithm on, such as sha256:0a1b',
    }),
  }),
  status: 200,
  answer: Type.Array(FoundArtifact, { description: 'at most 50, the newest first' }),
})
