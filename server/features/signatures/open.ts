import type { PullGate } from '../../registry/gate.ts'
import { signedOnly, type OnRefused } from './gate.ts'
import type { Ground } from './verdicts.ts'

/** The gate of pulls, and what the feature shares with it. */
export type Signatures = { gate: PullGate; ground: Ground }

/** `onRefused`: told of each pull that is refused for want of a signature. */
export const openSignatures = (ground: Ground, onRefused: OnRefused): Signatures => ({
  ground,
  gate: signedOnly({ ...ground, onRefused }),
})
