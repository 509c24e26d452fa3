import { Type } from 'typebox'
import { PageQuery } from './common.ts'

export const Project = Type.Object({
  project_id: Type.Integer(),
  name: Type.String(),
  owner_id: Type.Integer(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
  repo_count: Type.Optional(Type.Integer()),
  metadata: Type.Object({ public: Type.Enum(['true', 'false']) }),
})

export const ProjectReq = Type.Object(
  {
    project_name: Type.String({ minLength: 1, maxLength: 255 }),
    public: Type.Optional(Type.Boolean()),
    metadata: Type.Optional(Type.Object({ public: Type.Optional(Type.Enum(['true', 'false'])) }, { additionalProperties: false })),
  },
  { additionalProperties: false },
)

export const ProjectParams = Type.Object({ project_name_or_id: Type.String({ minLength: 1, maxLength: 255 }) })
export const ProjectListQuery = Type.Object({ ...PageQuery, name: Type.Optional(Type.String({ maxLength: 255 })) }, { additionalProperties: false })
export const ProjectHeadQuery = Type.Object({ project_name: Type.String({ minLength: 1, maxLength: 255 }) }, { additionalProperties: false })
