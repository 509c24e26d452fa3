import type { Credential } from '../../../registry/remote/remote.ts'
import type { Address } from './adapter.ts'

/** The credential as it was saved: name and password, or a refresh token; undefined for an anonymous one. */
export function credentialOf({ credentialType, accessKey, accessSecret }: Address): Credential | undefined {
  if (credentialType === 'oauth') return { kind: 'refresh', token: accessSecret }
  return credentialType === 'basic' ? { kind: 'basic', username: accessKey, password: accessSecret } : undefined
}
