import { Type } from 'typebox'

export const Icon = Type.Object({
  'content-type': Type.Optional(Type.String()),
  content: Type.Optional(Type.String()),
})
