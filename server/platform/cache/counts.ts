import { resourceOf } from './keys.ts'

/** The events that are counted. `refuse`: a value in the shared layer was not believed. */
export const events = ['hit', 'miss', 'load', 'forget', 'refuse', 'error'] as const
export type CacheEvent = (typeof events)[number]
export type Counts = Record<CacheEvent, number>
export type CacheCounts = { layer: string; resource: string; counts: Readonly<Counts> }

/**
 * Plain numbers by resource, as a hit must cost next to nothing. Resources are bounded: the code names each of them.
 */
export function openCounts(layer: string) {
  const all = new Map<string, Counts>()
  const of = (resource: string): Counts => {
    let known = all.get(resource)
    if (!known) all.set(resource, (known = Object.fromEntries(events.map((event) => [event, 0])) as Counts))
    return known
  }
  return {
    of,
    all: (): CacheCounts[] => [...all].map(([resource, counts]) => ({ layer, resource, counts })),
    /** Counts a read of the database, and its failure if it fails. */
    async load<Value>(key: string, load: () => Promise<Value>): Promise<Value> {
      const counts = of(resourceOf(key))
      counts.load++
      try {
        return await load()
      } catch (error) {
        counts.error++
        throw error
      }
    },
  }
}
