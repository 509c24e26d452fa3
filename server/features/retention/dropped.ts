import type { Metrics } from '../../platform/observe/metrics.ts'
import type { Ground } from './ground.ts'

/** Counts in memory what runs of this process delete, and offers the counts as a metric. */
export function openDropCount(): Pick<Ground, 'dropped'> & { measure(metrics: Metrics): void } {
  const counts = { artifact: 0, tag: 0 }
  return {
    dropped: (kind, count) => void (counts[kind] += count),
    measure(metrics) {
      metrics.counts('marina_retention_deleted_total', 'Artifacts and tags that retention deleted', ['kind'], () =>
        Object.entries(counts).map(([kind, value]) => ({ labels: [kind], value })),
      )
    },
  }
}
