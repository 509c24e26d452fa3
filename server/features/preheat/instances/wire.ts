import type { Static } from 'typebox'
import type * as api from '../../../../api/preheat.ts'
import type { NewInstance } from './rules.ts'
import type { Instance } from './store.ts'

type Body = Static<typeof api.PreheatInstance>

/** Reads an instance. As in Harbor, what is left out of it is empty or false. */
export function parseInstance(body: Body): NewInstance {
  return {
    name: body.name ?? '',
    description: body.description ?? '',
    provider: body.vendor ?? '',
    endpoint: body.endpoint ?? '',
    auth: { mode: body.auth_mode ?? '', info: body.auth_info ?? {} },
    isEnabled: body.enabled ?? false,
    isDefault: body.default ?? false,
    isInsecure: body.insecure ?? false,
  }
}

/** As in Harbor, empty texts are left out. The credential is never shown. */
export function presentInstance(one: Instance): Body {
  return {
    id: one.id,
    name: one.name,
    ...(one.description === '' ? {} : { description: one.description }),
    vendor: one.provider,
    endpoint: one.endpoint,
    ...(one.authMode === '' ? {} : { auth_mode: one.authMode }),
    status: one.status,
    enabled: one.isEnabled,
    default: one.isDefault,
    insecure: one.isInsecure,
    setup_timestamp: Math.floor(one.createdAt.getTime() / 1000),
  }
}

/** As in Harbor: vendor, name and endpoint as one text, and only what is true. */
export function presentChoice(one: Instance): Static<typeof api.ProviderUnderProject> {
  return {
    id: one.id,
    provider: `${one.provider} ${one.name}-${one.endpoint}`,
    ...(one.isEnabled ? { enabled: true } : {}),
    ...(one.isDefault ? { default: true } : {}),
  }
}
