/**
 * A dependency or a background part of Marina. `check` rejects while it cannot be used or while it fails. When a spare
 * component is unhealthy, requests are still answered, and health says `degraded`.
 */
export type Component = { name: string; isSpare?: boolean; check(): Promise<void> }

/** How a component is now, in Harbor's words. */
export type State = { name: string; status: 'healthy' | 'unhealthy'; error?: string }

/** A component that does not answer within this time, in ms, counts as unhealthy. */
const patience = 2000

/** Checks one component. Never rejects. */
export async function examine({ name, check }: Component): Promise<State> {
  const late = new Promise<never>((_, reject) => setTimeout(reject, patience, new Error('no answer')).unref())
  try {
    await Promise.race([check(), late])
    return { name, status: 'healthy' }
  } catch {
    // The reason may name hosts and folders, which health tells to everybody. The log has it.
    return { name, status: 'unhealthy', error: 'cannot be used now' }
  }
}
