import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ownBounds } from './requests.ts'

export const Icon = Type.Object({
  'content-type': Type.String(),
  content: Type.String(),
})

export const getIcon = operation({
  id: 'getIcon',
  tag: 'icon',
  method: 'GET',
  path: '/icons/{digest}',
  summary: 'Get the picture of an artifact, in base64',
  params: Type.Object({ digest: Type.String({ maxLength: 255, ...ownBounds }) }),
  status: 200,
  answer: Icon,
})
