import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

/** `projectId` null: of the whole system. */
type Place = { projectId: number | null; policyId: number; name: string }

/** What happens to policies; single deliveries have their own history. `changed` names fields and never holds a secret. */
export const facts = {
  policyCreated: (at: Place, by: Actor): Fact => ({ topic: 'webhook-policy.created', payload: { ...at, by } }),
  policyChanged: (at: Place & { changed: string[] }, by: Actor): Fact => ({ topic: 'webhook-policy.changed', payload: { ...at, by } }),
  policyDeleted: (at: Place, by: Actor): Fact => ({ topic: 'webhook-policy.deleted', payload: { ...at, by } }),
  policyTested: (at: Place & { eventType: string; deliveries: number }, by: Actor): Fact => ({ topic: 'webhook-policy.tested', payload: { ...at, by } }),
  deliveriesRepeated: (at: Place & { first: number; last: number; count: number }, by: Actor): Fact => ({ topic: 'webhook-delivery.repeated', payload: { ...at, by } }),
  targetPaused: (at: Place & { targetId: number; why: string }, by: Actor): Fact => ({ topic: 'webhook-target.paused', payload: { ...at, by } }),
  targetResumed: (at: Place & { targetId: number }, by: Actor): Fact => ({ topic: 'webhook-target.resumed', payload: { ...at, by } }),
}
