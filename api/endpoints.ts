import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, listQuery } from './requests.ts'

const text = Type.Optional(Type.String())
const flag = Type.Optional(Type.Boolean())
const time = Type.String({ format: 'date-time' })

export const RegistryCredential = Type.Object({
  type: Type.Optional(
    Type.String({ description: 'basic: access_key is a name; oauth: access_secret is a refresh token' }),
  ),
  access_key: text,
  access_secret: Type.Optional(Type.String({ description: 'never shown: answers have ***** in its place' })),
})

const caCertificate = Type.Optional(Type.String({ description: 'authorities to trust beside the system’s, PEM' }))
const tokenServiceUrl = Type.Optional(
  Type.String({ description: 'asked for tokens in place of the service that the registry names' }),
)

/** Fields that are left out are empty or false, as in Harbor. */
export const Registry = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: text,
  type: Type.String(),
  url: Type.String(),
  token_service_url: tokenServiceUrl,
  credential: RegistryCredential,
  insecure: flag,
  ca_certificate: caCertificate,
  status: Type.String({ description: 'healthy or unhealthy, as of the last check' }),
  status_text: Type.Optional(Type.String({ description: 'why it is unhealthy' })),
  checked_time: Type.Optional(time),
  creation_time: time,
  update_time: time,
})

/** An id, a status and times in the body have no effect. */
export const RegistryReq = Type.Object({
  id: Type.Optional(Type.Integer()),
  name: text,
  description: text,
  type: text,
  url: text,
  token_service_url: tokenServiceUrl,
  credential: Type.Optional(RegistryCredential),
  insecure: flag,
  ca_certificate: caCertificate,
  status: text,
  creation_time: text,
  update_time: text,
})

const address = {
  url: text,
  credential_type: text,
  access_key: text,
  access_secret: text,
  insecure: flag,
  ca_certificate: caCertificate,
  token_service_url: tokenServiceUrl,
}

/** Fields that are left out stay. */
export const RegistryUpdate = Type.Object({ name: text, description: text, ...address })

export const RegistryPing = Type.Object({
  id: Type.Optional(
    Type.Integer({
      minimum: Number.MIN_SAFE_INTEGER,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'a saved one; its URL cannot be replaced here',
    }),
  ),
  type: text,
  ...address,
})

const FilterStyle = Type.Object({
  type: Type.String(),
  style: Type.String(),
  values: Type.Union([Type.Array(Type.String()), Type.Null()]),
})

export const RegistryInfo = Type.Object({
  type: Type.String(),
  description: text,
  supported_resource_filters: Type.Array(FilterStyle),
  supported_triggers: Type.Array(Type.String()),
  supported_copy_by_chunk: flag,
  cannot_delete_tags: Type.Optional(Type.String({ description: 'why no single tag can be deleted there' })),
})

const RegistryProviderInfo = Type.Object({
  endpoint_pattern: Type.Optional(
    Type.Object({
      endpoint_type: Type.String(),
      endpoints: Type.Array(Type.Object({ key: Type.String(), value: Type.String() })),
    }),
  ),
  credential_pattern: Type.Optional(
    Type.Object({
      access_key_type: Type.String(),
      access_key_data: Type.String(),
      access_secret_type: Type.String(),
      access_secret_data: Type.String(),
    }),
  ),
})

const tag = 'registry'
const path = '/registries/{id}'
const params = Type.Object({ id: idParam })

export const listAdapters = operation({
  id: 'listRegistryProviderTypes',
  tag: 'replication',
  method: 'GET',
  path: '/replication/adapters',
  summary: 'List the kinds of registries that Marina can copy from and to',
  status: 200,
  answer: Type.Array(Type.String()),
})

export const listAdapterInfos = operation({
  id: 'listRegistryProviderInfos',
  tag: 'replication',
  method: 'GET',
  path: '/replication/adapterinfos',
  summary: 'The URLs and the forms of credentials of those kinds that have fixed ones',
  status: 200,
  answer: Type.Record(Type.String(), RegistryProviderInfo),
})

export const listRegistries = operation({
  id: 'listRegistries',
  tag,
  method: 'GET',
  path: '/registries',
  summary: 'List the other registries that are saved',
  query: Type.Object({ ...listQuery, name: Type.Optional(Type.String({ maxLength: 255 })) }),
  status: 200,
  answer: Type.Array(Registry),
  page: true,
})

export const createRegistry = operation({
  id: 'createRegistry',
  tag,
  method: 'POST',
  path: '/registries',
  summary: 'Save another registry; it must answer',
  body: RegistryReq,
  status: 201,
})

export const pingRegistry = operation({
  id: 'pingRegistry',
  tag,
  method: 'POST',
  path: '/registries/ping',
  summary: 'Try whether a registry answers, saved or not; 400 says why it does not',
  body: RegistryPing,
  status: 200,
})

export const getRegistry = operation({
  id: 'getRegistry',
  tag,
  method: 'GET',
  path,
  summary: 'Get a registry; 0 is this Marina',
  params,
  status: 200,
  answer: Registry,
})

export const updateRegistry = operation({
  id: 'updateRegistry',
  tag,
  method: 'PUT',
  path,
  summary: 'Change a registry; with a new address or credential it must answer',
  params,
  body: RegistryUpdate,
  status: 200,
})

export const deleteRegistry = operation({
  id: 'deleteRegistry',
  tag,
  method: 'DELETE',
  path,
  summary: 'Forget a registry that nothing uses',
  params,
  status: 200,
})

export const getRegistryInfo = operation({
  id: 'getRegistryInfo',
  tag,
  method: 'GET',
  path: `${path}/info`,
  summary: 'What a policy can ask of a registry: filters and triggers',
  params,
  status: 200,
  answer: RegistryInfo,
})
