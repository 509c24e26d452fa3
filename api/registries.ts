import { Type } from './type.ts'

const RegistryCredential = Type.Object({
  type: Type.Optional(Type.String()),
  access_key: Type.Optional(Type.String()),
  access_secret: Type.Optional(Type.String()),
})

export const Registry = Type.Object({
  id: Type.Optional(Type.Integer()),
  url: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  credential: Type.Optional(RegistryCredential),
  type: Type.Optional(Type.String()),
  insecure: Type.Optional(Type.Boolean()),
  ca_certificate: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  status: Type.Optional(Type.String()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
})
