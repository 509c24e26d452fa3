import { Type } from 'typebox'

export const Repository = Type.Object({
  id: Type.Optional(Type.Integer()),
  project_id: Type.Optional(Type.Integer()),
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  artifact_count: Type.Optional(Type.Integer()),
  pull_count: Type.Optional(Type.Integer()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
})
