import { Type } from './type.ts'
import { operation } from './operation.ts'
import { nameParam, ownBounds, ProjectEither } from './requests.ts'

const Values = Type.Record(Type.String(), Type.String({ maxLength: 4096, ...ownBounds }))

const tag = 'projectMetadata'
const path = '/projects/{project_name_or_id}/metadatas/'
const params = ProjectEither
const named = Type.Object({ ...ProjectEither.properties, meta_name: nameParam })

export const listProjectMetadatas = operation({
  id: 'listProjectMetadatas',
  tag,
  method: 'GET',
  path,
  summary: "List a project's metadata; for administrators and robots",
  params,
  status: 200,
  answer: Values,
})

export const addProjectMetadatas = operation({
  id: 'addProjectMetadatas',
  tag,
  method: 'POST',
  path,
  summary: 'Set an item of the metadata that is not set yet',
  params,
  body: Values,
  status: 200,
})

export const getProjectMetadata = operation({
  id: 'getProjectMetadata',
  tag,
  method: 'GET',
  path: `${path}{meta_name}`,
  summary: 'Get an item of the metadata',
  params: named,
  status: 200,
  answer: Values,
})

export const updateProjectMetadata = operation({
  id: 'updateProjectMetadata',
  tag,
  method: 'PUT',
  path: `${path}{meta_name}`,
  summary: 'Change an item of the metadata that is set',
  params: named,
  body: Values,
  status: 200,
})

export const deleteProjectMetadata = operation({
  id: 'deleteProjectMetadata',
  tag,
  method: 'DELETE',
  path: `${path}{meta_name}`,
  summary: 'Set an item of the metadata back to its default',
  params: named,
  status: 200,
})
