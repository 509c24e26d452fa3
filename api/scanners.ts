import { Type } from 'typebox'

export const ScannerRegistration = Type.Object({
  uuid: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  disabled: Type.Optional(Type.Boolean()),
  is_default: Type.Optional(Type.Boolean()),
  auth: Type.Optional(Type.String()),
  access_credential: Type.Optional(Type.String()),
  skip_certVerify: Type.Optional(Type.Boolean()),
  use_internal_addr: Type.Optional(Type.Boolean()),
  create_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
  adapter: Type.Optional(Type.String()),
  vendor: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  health: Type.Optional(Type.String()),
  capabilities: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})

export const ProjectScanner = Type.Object({
  uuid: Type.Optional(Type.String()),
})
