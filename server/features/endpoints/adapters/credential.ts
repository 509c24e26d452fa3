import type { Credential } from '../../../registry/remote/remote.ts'
import type { Address } from './adapter.ts'

/** The credential as it was saved: name and password, or a refresh token; undefined for an anonymous one. */
export function credentialOf({ credentialType, accessKey, accessSecret }: Address): Credential | undefined {
  if (credentialType === 'oauth') return { kind: 'refresh', token: accessSecret }
  return credentialType === 'basic' ? { kind: 'basic', username: accessKey, password: accessSecret } : undefined
}

/** Name and password for docker that a vendor's API gives, and that end. */
type Login = { username: string; password: string; endsAt: Date }

/** A login that the vendor is asked for when it is first needed, before its end, and after a refusal. */
export const freshLogin = (ask: () => Promise<Login>): Credential => ({
  kind: 'fresh',
  async fresh() {
    const { username, password, endsAt } = await ask()
    return { proof: { kind: 'basic', username, password }, endsAt }
  },
})
