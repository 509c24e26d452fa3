/**
 * One thing Marina uses or does; `check` rejects when it cannot be used, or does not get on, now. Without a spare one
 * requests are answered all the same: health is degraded.
 */
export type Component = { name: string; isSpare?: boolean; check(): Promise<void> }

/** How a component is now, in Harbor's words. */
export type State = { name: string; status: 'healthy' | 'unhealthy'; error?: string }

/** A component that says nothing for this long, in ms, counts as unhealthy. */
const patience = 2000

/** Looks at one component. Never rejects. */
export async function examine({ name, check }: Component): Promise<State> {
  const late = new Promise<never>((_, reject) => setTimeout(reject, patience, new Error('no answer')).unref())
  try {
    await Promise.race([check(), late])
    return { name, status: 'healthy' }
  } catch {
    // The reason may name hosts and folders; it stands in the log and the metrics, not before strangers.
    return { name, status: 'unhealthy', error: 'cannot be used now' }
  }
}
