import { Type } from 'typebox'

const ComponentHealthStatus = Type.Object({
  name: Type.Optional(Type.String()),
  status: Type.Optional(Type.String()),
  error: Type.Optional(Type.String()),
})

export const OverallHealthStatus = Type.Object({
  status: Type.Optional(Type.String()),
  components: Type.Optional(Type.Array(ComponentHealthStatus)),
})

const AuthproxySetting = Type.Object({
  endpoint: Type.Optional(Type.String()),
  tokenreivew_endpoint: Type.Optional(Type.String()),
  skip_search: Type.Optional(Type.Boolean()),
  verify_cert: Type.Optional(Type.Boolean()),
  server_certificate: Type.Optional(Type.String()),
})

export const GeneralInfo = Type.Object({
  banner_message: Type.Optional(Type.String()),
  current_time: Type.Optional(Type.String({ format: 'date-time' })),
  registry_url: Type.Optional(Type.String()),
  external_url: Type.Optional(Type.String()),
  auth_mode: Type.Optional(Type.String()),
  primary_auth_mode: Type.Optional(Type.Boolean()),
  project_creation_restriction: Type.Optional(Type.String()),
  self_registration: Type.Optional(Type.Boolean()),
  has_ca_root: Type.Optional(Type.Boolean()),
  harbor_version: Type.Optional(Type.String()),
  registry_storage_provider_name: Type.Optional(Type.String()),
  read_only: Type.Optional(Type.Boolean()),
  notification_enable: Type.Optional(Type.Boolean()),
  authproxy_settings: Type.Optional(AuthproxySetting),
  oidc_provider_name: Type.Optional(Type.String()),
})

const Storage = Type.Object({
  total: Type.Optional(Type.Integer()),
  free: Type.Optional(Type.Integer()),
})

export const SystemInfo = Type.Object({
  storage: Type.Optional(Type.Array(Storage)),
})
