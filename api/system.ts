import { Type } from './type.ts'
import { operation } from './operation.ts'

export const ComponentHealthStatus = Type.Object({
  name: Type.String(),
  status: Type.String(),
  error: Type.Optional(Type.String()),
})

export const OverallHealthStatus = Type.Object({
  status: Type.String(),
  components: Type.Array(ComponentHealthStatus),
})

export const AuthproxySetting = Type.Object({
  endpoint: Type.Optional(Type.String()),
  tokenreivew_endpoint: Type.Optional(Type.String()),
  skip_search: Type.Optional(Type.Boolean()),
  verify_cert: Type.Optional(Type.Boolean()),
  server_certificate: Type.Optional(Type.String()),
})

/** Anonymous callers get what a login page needs; the rest is for callers who are logged in. */
export const GeneralInfo = Type.Object({
  banner_message: Type.String(),
  current_time: Type.Optional(Type.String({ format: 'date-time' })),
  registry_url: Type.Optional(Type.String()),
  external_url: Type.Optional(Type.String()),
  auth_mode: Type.String(),
  primary_auth_mode: Type.Boolean(),
  project_creation_restriction: Type.Optional(Type.String()),
  self_registration: Type.Boolean(),
  has_ca_root: Type.Optional(Type.Boolean()),
  harbor_version: Type.Optional(Type.String()),
  registry_storage_provider_name: Type.Optional(Type.String()),
  read_only: Type.Optional(Type.Boolean()),
  notification_enable: Type.Optional(Type.Boolean()),
  authproxy_settings: Type.Optional(AuthproxySetting),
  oidc_provider_name: Type.Optional(Type.String()),
})

export const Storage = Type.Object({
  total: Type.Integer(),
  free: Type.Integer(),
})

export const SystemInfo = Type.Object({
  storage: Type.Array(Storage),
})

/** What a comparison of storage and database by `marina fsck` found. */
export const StorageCheck = Type.Object({
  time: Type.String({ format: 'date-time', description: 'when it ended' }),
  digests: Type.Boolean({ description: 'true: every byte was read and hashed; false: sizes were compared' }),
  blobs: Type.Integer(),
  artifacts: Type.Integer(),
  tags: Type.Integer(),
  bytes: Type.Integer(),
  losses: Type.Integer({ description: 'what cannot be served as it was pushed' }),
  leftovers: Type.Integer({ description: 'what nothing refers to' }),
  findings: Type.Array(Type.String(), { description: 'the first hundred, losses first' }),
})

export const getPing = operation({
  id: 'getPing',
  tag: 'ping',
  method: 'GET',
  path: '/ping',
  summary: 'Is the process there?',
  status: 200,
  answer: Type.String(),
})

export const getHealth = operation({
  id: 'getHealth',
  tag: 'health',
  method: 'GET',
  path: '/health',
  summary: 'State of the parts that Marina needs',
  status: 200,
  otherStatus: 503,
  answer: OverallHealthStatus,
})

const tag = 'systeminfo'

export const getSystemInfo = operation({
  id: 'getSystemInfo',
  tag,
  method: 'GET',
  path: '/systeminfo',
  summary: 'What a client needs to know before it logs in; more for callers who are logged in',
  status: 200,
  answer: GeneralInfo,
})

export const getVolumes = operation({
  id: 'getVolumes',
  tag,
  method: 'GET',
  path: '/systeminfo/volumes',
  summary: 'Room on the disk that holds the blobs; an empty list when a bucket holds them',
  status: 200,
  answer: SystemInfo,
})

export const getStorageCheck = operation({
  id: 'getStorageCheck',
  tag,
  method: 'GET',
  path: '/systeminfo/storage-check',
  summary: 'What the last marina fsck found; nothing before the first one',
  status: 200,
  answer: Type.Object({ last: Type.Optional(StorageCheck) }),
})

export const getCert = operation({
  id: 'getCert',
  tag,
  method: 'GET',
  path: '/systeminfo/getcert',
  summary: "Download the certificate of the authority that signed the server's (MARINA_CA_CERT)",
  status: 200,
})
