import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

/** `projectId` null: of the whole system. */
type Place = { projectId: number | null; policyId: number; name: string }
/** `eventId` is that of the delivery at which it showed, so that it is found together with what caused the event. */
type Turn = Place & { targetId: number; eventId: string }

/**
 * What happens to policies and how their targets fare. Single deliveries have their own history: here stands when a target begins
 * to fail and when it takes deliveries again. `changed` names what differs now, nothing when a policy was sent as it was, and never holds a secret.
 */
export const facts = {
  policyCreated: (at: Place, by: Actor): Fact => ({ topic: 'webhook-policy.created', payload: { ...at, by } }),
  policyChanged: (at: Place & { changed: string[] }, by: Actor): Fact => ({ topic: 'webhook-policy.changed', payload: { ...at, by } }),
  policyDeleted: (at: Place, by: Actor): Fact => ({ topic: 'webhook-policy.deleted', payload: { ...at, by } }),
  policyTested: (at: Place & { eventType: string; eventId: string; deliveries: number }, by: Actor): Fact => ({ topic: 'webhook-policy.tested', payload: { ...at, by } }),
  deliveriesRepeated: (at: Place & { first: number; last: number; count: number; /** When all that went again is one event. */ eventId?: string | undefined }, by: Actor): Fact => ({ topic: 'webhook-delivery.repeated', payload: { ...at, by } }),
  /** The first failed try after one that got through; the target rests, for longer after each further one. */
  targetFailed: (at: Turn & { why: string; restsUntil: string | null }, by: Actor): Fact => ({ topic: 'webhook-target.failed', payload: { ...at, by } }),
  targetRecovered: (at: Turn, by: Actor): Fact => ({ topic: 'webhook-target.recovered', payload: { ...at, by } }),
  targetPaused: (at: Place & { targetId: number; why: string; eventId?: string }, by: Actor): Fact => ({ topic: 'webhook-target.paused', payload: { ...at, by } }),
  targetResumed: (at: Place & { targetId: number; eventId?: string }, by: Actor): Fact => ({ topic: 'webhook-target.resumed', payload: { ...at, by } }),
}
