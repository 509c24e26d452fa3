import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, listQuery, ownBounds } from './requests.ts'

/** What a client may send of a label; a new label needs `name` and `scope`. */
export const LabelReq = Type.Object({
  id: Type.Optional(Type.Integer()),
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  color: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String()),
  project_id: Type.Optional(Type.Integer()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
})

export const Label = Type.Required(LabelReq)

const tag = 'label'
const params = Type.Object({ label_id: idParam })

export const listLabels = operation({
  id: 'ListLabels',
  tag,
  method: 'GET',
  path: '/labels',
  summary: 'List the global labels, or those of a project',
  query: Type.Object({
    ...listQuery,
    name: Type.Optional(Type.String({ maxLength: 255, ...ownBounds })),
    scope: Type.Optional(Type.String({ description: 'g: global, p: of a project' })),
    project_id: Type.Optional(idParam),
  }),
  status: 200,
  answer: Type.Array(Label),
  page: true,
})

export const createLabel = operation({
  id: 'CreateLabel',
  tag,
  method: 'POST',
  path: '/labels',
  summary: 'Create a label',
  body: LabelReq,
  status: 201,
})

export const getLabel = operation({
  id: 'GetLabelByID',
  tag,
  method: 'GET',
  path: '/labels/{label_id}',
  summary: 'Get a label',
  params,
  status: 200,
  answer: Label,
})

export const updateLabel = operation({
  id: 'UpdateLabel',
  tag,
  method: 'PUT',
  path: '/labels/{label_id}',
  summary: 'Rename, describe or recolour a label; its scope and project stay',
  params,
  body: LabelReq,
  status: 200,
})

export const deleteLabel = operation({
  id: 'DeleteLabel',
  tag,
  method: 'DELETE',
  path: '/labels/{label_id}',
  summary: 'Delete a label, and take it off every artifact',
  params,
  status: 200,
})
