import { OciError } from '../../../oci/errors.ts'
import { RemoteFailed } from '../../registry/remote/remote.ts'
import { reach, type Reachable } from './open.ts'

export type Reaching = Parameters<typeof reach>[0]

/** A check is a glance: one try, and no wait for a registry that asks for a pause. Times in ms. */
const limits = { silenceMs: 10_000, tries: 1, patienceMs: 1000 }

/**
 * What a check found. `isBusy`: the registry asks for a pause, which says nothing about its health. `isForbidden`:
 * Marina does not call it, so that nothing is known of it.
 */
export type Health = { isHealthy: true } | { isHealthy: false; why: string; isBusy: boolean; isForbidden: boolean }

/**
 * Whether the registry answers, with this credential. An endpoint without one is healthy when the registry asks for a
 * login, as in Harbor: what it shows to everybody can be copied all the same.
 */
export async function checkHealth(ground: Reaching, given: Reachable): Promise<Health> {
  try {
    const { remote } = await reach(ground, given, limits)
    await remote.ping()
    return { isHealthy: true }
  } catch (error) {
    // A fault of Marina itself, such as a secret that cannot be decrypted, is no finding about the registry.
    if (!(error instanceof OciError)) throw error
    const reason = error instanceof RemoteFailed ? error.reason : undefined
    const isAnonymous = given.credentialType === ''
    if (isAnonymous && (reason === 'unauthorized' || reason === 'denied')) return { isHealthy: true }
    return { isHealthy: false, why: error.message, isBusy: reason === 'throttled', isForbidden: reason === 'refused' }
  }
}
