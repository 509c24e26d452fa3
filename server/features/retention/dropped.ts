import type { Metrics } from '../../platform/observe/metrics.ts'

/** Counts in memory what runs of this process delete, and offers the counts as a metric. */
export type DropCount = { add(kind: 'artifact' | 'tag', count: number): void; measure(metrics: Metrics): void }

export function openDropCount(): DropCount {
  const counts = { artifact: 0, tag: 0 }
  return {
    add: (kind, count) => void (counts[kind] += count),
    measure(metrics) {
      metrics.counts('marina_retention_deleted_total', 'Artifacts and tags that retention deleted', ['kind'], () =>
        Object.entries(counts).map(([kind, value]) => ({ labels: [kind], value })),
      )
    },
  }
}
