import { Type } from 'typebox'

/** A deletion that can be taken back. */
export const TrashEntry = Type.Object({
  id: Type.Integer(),
  kind: Type.Union([Type.Literal('tag'), Type.Literal('artifact'), Type.Literal('repository')]),
  repository_name: Type.String({ description: 'with its project' }),
  tag: Type.Optional(Type.String({ description: 'of a deleted tag' })),
  digest: Type.Optional(Type.String({ description: 'of the artifact; of a deleted tag what it pointed at' })),
  artifacts: Type.Integer({ description: 'how many come back' }),
  tags: Type.Array(Type.String(), { description: 'the first hundred that come back' }),
  deleted_by: Type.String(),
  deletion_time: Type.String({ format: 'date-time' }),
  expiration_time: Type.String({ format: 'date-time', description: 'restorable until then' }),
})
