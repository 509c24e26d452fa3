import type { Static } from 'typebox'
import type { Registry, RegistryInfo, RegistryPing, RegistryReq, RegistryUpdate } from '../../../api/endpoints.ts'
import type { Adapter, AdapterInfo } from './adapters/adapter.ts'
import { endpointUrl, type NewEndpoint } from './rules.ts'
import type { Endpoint } from './store.ts'

/** Shown in place of a secret. A client that sends it back keeps the stored secret. */
const hidden = '*****'

const nothing: NewEndpoint = {
  name: '',
  description: '',
  type: '',
  url: '',
  tokenServiceUrl: '',
  credentialType: '',
  accessKey: '',
  accessSecret: '',
  isInsecure: false,
  caCertificate: '',
}

export function parseNew(body: Static<typeof RegistryReq>): NewEndpoint {
  const { credential = {}, type = '', ...rest } = body
  const { type: credential_type, access_key, access_secret } = credential
  const address = parseChange({ ...rest, ...dropAbsent({ credential_type, access_key, access_secret }) })
  return withKind({ ...nothing, ...address, type })
}

/** The fields that a request gives. The mask in place of a secret leaves the field out. */
export function parseChange(body: Static<typeof RegistryUpdate>): Partial<NewEndpoint> {
  const { name, description, url, token_service_url: service, credential_type: credentialType } = body
  const { access_key: accessKey, access_secret: secret, insecure: isInsecure, ca_certificate: pem } = body
  return dropAbsent<NewEndpoint>({
    name: name?.trim(),
    description,
    url: url === undefined ? undefined : endpointUrl(url),
    tokenServiceUrl: service?.trim(),
    credentialType,
    accessKey,
    accessSecret: secret === hidden ? undefined : secret,
    isInsecure,
    caCertificate: pem?.trim(),
  })
}

/** An endpoint that is tried without being saved. */
export function parsePing({ type = '', ...address }: Static<typeof RegistryPing>): NewEndpoint {
  return withKind({ ...nothing, ...parseChange(address), type })
}

/** A key or a secret without a type is of type basic, as in Harbor; a type without either is dropped. */
export function withKind<One extends NewEndpoint>(one: One): One {
  const hasAny = one.accessKey !== '' || one.accessSecret !== ''
  return { ...one, credentialType: hasAny ? one.credentialType || 'basic' : '' }
}

type Optional<Fields> = { [Key in keyof Fields]?: Fields[Key] | undefined }

function dropAbsent<Fields>(fields: Optional<Fields>): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Fields>
}

/** A registry as Harbor's API shows it; a secret is never in it. */
export function presentEndpoint(one: Endpoint): Static<typeof Registry> {
  const hasCredential = one.credentialType !== ''
  return {
    id: one.id,
    name: one.name,
    ...(one.description && { description: one.description }),
    type: one.type,
    url: one.url,
    ...(one.tokenServiceUrl && { token_service_url: one.tokenServiceUrl }),
    credential: hasCredential ? { type: one.credentialType, access_key: one.accessKey, access_secret: hidden } : {},
    ...(one.isInsecure && { insecure: true }),
    ...(one.caCertificate && { ca_certificate: one.caCertificate }),
    status: one.status,
    ...(one.trouble && { status_text: one.trouble }),
    checked_time: one.checkedAt.toISOString(),
    creation_time: one.createdAt.toISOString(),
    update_time: one.updatedAt.toISOString(),
  }
}

const never = '0001-01-01T00:00:00.000Z'

/** This Marina, as Harbor shows its local side: id 0. */
export function presentLocal(url: string): Static<typeof Registry> {
  return {
    id: 0,
    name: 'Local',
    type: 'harbor',
    url,
    credential: { type: 'secret', access_secret: hidden },
    insecure: true,
    status: 'healthy',
    creation_time: never,
    update_time: never,
  }
}

type FilterStyle = Static<typeof RegistryInfo>['supported_resource_filters'][number]

/** What policies can ask of an adapter. Events are heard of this Marina only. */
export function presentInfo(
  { type, info }: Pick<Adapter, 'type' | 'info'>,
  isLocal = false,
): Static<typeof RegistryInfo> {
  const style = (kind: string, form: string, values: string[] | null = null): FilterStyle => ({
    type: kind,
    style: form,
    values,
  })
  return {
    type,
    supported_resource_filters: [
      style('name', 'input'),
      style('tag', 'input'),
      ...(info.filtersByLabel ? [style('label', 'list')] : []),
      style('resource', 'radio', info.resources),
    ],
    supported_triggers: ['manual', 'scheduled', ...(isLocal ? ['event_based'] : [])],
    ...(info.copiesByChunk && { supported_copy_by_chunk: true }),
    ...(info.cannotDeleteTags && { cannot_delete_tags: info.cannotDeleteTags }),
  }
}

/** The patterns of an adapter, as the portal's form needs them; undefined for one without. */
export function presentPatterns({ endpoints, secretFileKey, hasEmptyPattern }: AdapterInfo) {
  if (!endpoints && secretFileKey === undefined && !hasEmptyPattern) return undefined
  return {
    ...(endpoints && {
      endpoint_pattern: {
        endpoint_type: endpoints.isFixed ? 'EndpointPatternTypeFix' : 'EndpointPatternTypeList',
        endpoints: endpoints.urls.map(({ key, url }) => ({ key, value: url })),
      },
    }),
    ...(secretFileKey !== undefined && {
      credential_pattern: {
        access_key_type: 'AccessKeyTypeFix',
        access_key_data: secretFileKey,
        access_secret_type: 'AccessSecretTypeFile',
        access_secret_data: 'No Change',
      },
    }),
  }
}
