import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam } from './requests.ts'

export const ArtifactExportRequest = Type.Object({
  projects: Type.Optional(Type.Array(idParam, { maxItems: 1000, description: 'ids of projects; all when absent' })),
})

export const ExportJob = Type.Object({ id: Type.Integer() })

/** The shape of Harbor's ScanDataExportExecution. */
export const ExportExecution = Type.Object({
  id: Type.Integer(),
  user_id: Type.Integer(),
  user_name: Type.String(),
  status: Type.String(),
  status_text: Type.String(),
  trigger: Type.String(),
  start_time: Type.String({ format: 'date-time' }),
  end_time: Type.Optional(Type.String({ format: 'date-time' })),
  file_present: Type.Boolean(),
})

export const ExportExecutionList = Type.Object({ items: Type.Array(ExportExecution) })

const tag = 'artifact export'
const params = Type.Object({ execution_id: idParam })

export const exportArtifacts = operation({
  id: 'exportArtifacts',
  tag,
  method: 'POST',
  path: '/export/artifacts',
  summary: 'Ask for a report of all artifacts, as CSV',
  body: ArtifactExportRequest,
  status: 201,
  answer: ExportJob,
})

export const listArtifactExports = operation({
  id: 'listArtifactExports',
  tag,
  method: 'GET',
  path: '/export/artifacts/executions',
  summary: 'List the newest hundred reports that the caller has asked for',
  status: 200,
  answer: ExportExecutionList,
})

export const getArtifactExport = operation({
  id: 'getArtifactExport',
  tag,
  method: 'GET',
  path: '/export/artifacts/executions/{execution_id}',
  summary: 'Is the report ready?',
  params,
  status: 200,
  answer: ExportExecution,
})

export const downloadArtifactExport = operation({
  id: 'downloadArtifactExport',
  tag,
  method: 'GET',
  path: '/export/artifacts/download/{execution_id}',
  summary: 'Download the report, once: after that it is gone',
  params,
  status: 200,
  answer: Type.String({ description: 'text/csv' }),
})
