import { resourceOf } from './keys.ts'

/** What can happen to a fact. `refuse`: found in the shared layer and not believed. */
export const events = ['hit', 'miss', 'load', 'forget', 'refuse', 'error'] as const
export type CacheEvent = (typeof events)[number]
export type Counts = Record<CacheEvent, number>
export type CacheCounts = { layer: string; resource: string; counts: Readonly<Counts> }

/** Plain numbers by resource: a hit must cost next to nothing. There are as many resources as the code has kinds of keys. */
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
    /** Counts a read of the database, and its failure. */
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
