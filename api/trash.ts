import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, ListQuery, ProjectEither } from './requests.ts'

/** A deletion that can be taken back. */
export const TrashEntry = Type.Object({
  id: Type.Integer(),
  kind: Type.Union([Type.Literal('tag'), Type.Literal('artifact'), Type.Literal('repository')]),
  repository_name: Type.String({ description: 'with its project' }),
  tag: Type.Optional(Type.String({ description: 'of a deleted tag' })),
  digest: Type.Optional(Type.String({ description: 'of the artifact, or of the one a deleted tag pointed at' })),
  artifacts: Type.Integer({ description: 'how many come back' }),
  tags: Type.Array(Type.String(), { description: 'the first hundred that come back' }),
  size: Type.Optional(Type.Integer({ description: 'bytes that it holds, of lists: restoring adds at most these' })),
  exclusive: Type.Optional(
    Type.Integer({
      description: 'bytes of them that nothing else needs: the next collection after its end frees them',
    }),
  ),
  deleted_by: Type.String(),
  deletion_time: Type.String({ format: 'date-time' }),
  expiration_time: Type.String({ format: 'date-time', description: 'restorable until then' }),
})

const tag = 'undelete'
const path = '/projects/{project_name_or_id}/trash'

export const listTrash = operation({
  id: 'listTrash',
  tag,
  method: 'GET',
  path,
  summary: 'List the deletions of tags, artifacts and repositories that can be taken back',
  params: ProjectEither,
  query: ListQuery,
  status: 200,
  answer: Type.Array(TrashEntry),
  page: true,
})

export const restoreTrash = operation({
  id: 'restoreTrash',
  tag,
  method: 'POST',
  path: `${path}/{trash_id}/restore`,
  summary: 'Take a deletion back',
  params: Type.Object({ ...ProjectEither.properties, trash_id: idParam }),
  status: 200,
  answer: TrashEntry,
})
