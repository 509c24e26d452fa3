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

/** For a change what is left out stays. */
export const ScannerRegistrationReq = Type.Object({
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  auth: Type.Optional(Type.String()),
  access_credential: Type.Optional(Type.String()),
  skip_certVerify: Type.Optional(Type.Boolean()),
  use_internal_addr: Type.Optional(Type.Boolean()),
  disabled: Type.Optional(Type.Boolean()),
})

export const ScannerRegistrationSettings = Type.Object({
  name: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  auth: Type.Optional(Type.String()),
  access_credential: Type.Optional(Type.String()),
})

export const IsDefault = Type.Object({
  is_default: Type.Optional(Type.Boolean()),
})

export const ProjectScanner = Type.Object({
  uuid: Type.Optional(Type.String()),
})

export const ScannerAdapterMetadata = Type.Object({
  scanner: Type.Optional(Type.Object({ name: Type.Optional(Type.String()), vendor: Type.Optional(Type.String()), version: Type.Optional(Type.String()) })),
  capabilities: Type.Optional(Type.Array(Type.Object({
    type: Type.Optional(Type.String()),
    consumes_mime_types: Type.Optional(Type.Array(Type.String())),
    produces_mime_types: Type.Optional(Type.Array(Type.String())),
  }))),
  properties: Type.Optional(Type.Record(Type.String(), Type.String())),
})
