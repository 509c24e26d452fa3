import type { Metrics } from '../../platform/observe/metrics.ts'
import type { PullGate, Pulled } from '../../registry/gate.ts'
import { signedOnly } from './gate.ts'
import type { Ground } from './verdicts.ts'

/** The gate of pulls, and what the feature shares with it. */
export type Signatures = { gate: PullGate; ground: Ground; measure(metrics: Metrics): void }

/** `onRefused`: told of each pull that is refused for want of a signature. */
export function openSignatures(ground: Ground, onRefused: (pulled: Pulled) => void): Signatures {
  const refused = { cosign: 0, notation: 0, verified: 0 }
  return {
    ground,
    gate: signedOnly({
      ...ground,
      onRefused(pulled, requirement) {
        refused[requirement]++
        onRefused(pulled)
      },
    }),
    measure(metrics) {
      const read = () => Object.entries(refused).map(([kind, value]) => ({ labels: [kind], value }))
      metrics.counts('marina_pulls_unsigned_total', 'Pulls refused for want of a signature', ['kind'], read)
    },
  }
}
