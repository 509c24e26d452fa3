import { Type } from 'typebox'

export const ArtifactExportRequest = Type.Object({
  projects: Type.Optional(Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), { maxItems: 1000, description: 'ids of projects; all when absent' })),
})

export const ExportJob = Type.Object({ id: Type.Integer() })

/** The shape of Harbor's ScanDataExportExecution. */
export const ExportExecution = Type.Object({
  id: Type.Integer(),
  user_id: Type.Optional(Type.Integer()),
  user_name: Type.Optional(Type.String()),
  status: Type.String(),
  status_text: Type.Optional(Type.String()),
  trigger: Type.Optional(Type.String()),
  start_time: Type.Optional(Type.String({ format: 'date-time' })),
  end_time: Type.Optional(Type.String({ format: 'date-time' })),
  file_present: Type.Boolean(),
})

export const ExportExecutionList = Type.Object({ items: Type.Array(ExportExecution) })
