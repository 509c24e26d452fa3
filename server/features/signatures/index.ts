import { feature } from '../../platform/feature.ts'
import type { PullGate, Pulled } from '../../registry/gate.ts'
import { signedOnly, type Requirement } from './gate.ts'
import { signatureRoutes } from './routes.ts'
import { facts } from './topics.ts'
import type { Ground } from './verdicts.ts'

/** The gate of pulls, and what the feature shares with it. */
export type Signatures = { gate: PullGate; ground: Ground; refused: Readonly<Record<Requirement, number>> }

/** `onRefused`: told of each pull that is refused for want of a signature. */
export function openSignatures(ground: Ground, onRefused: (pulled: Pulled) => void): Signatures {
  const refused = { cosign: 0, notation: 0, verified: 0 }
  const gate = signedOnly({
    ...ground,
    onRefused(pulled, requirement) {
      refused[requirement]++
      onRefused(pulled)
    },
  })
  return { gate, ground, refused }
}

/** Signatures of artifacts: whose a project trusts, and which of them are verified. */
export const signatures = ({ ground, refused }: Signatures) =>
  feature({
    name: 'signatures',
    topics: facts,
    routes: signatureRoutes(ground),
    measure(metrics) {
      const read = () => Object.entries(refused).map(([kind, value]) => ({ labels: [kind], value }))
      metrics.counts('marina_pulls_unsigned_total', 'Pulls refused for want of a signature', ['kind'], read)
    },
  })
