import { topic } from '../../catalog/topic.ts'

/** `projectId` null: of the whole system. */
type Policy = { projectId: number | null; policyId: number; name: string }
type OfTarget = Policy & { targetId: number }
/** `eventId` is that of the delivery at which it showed, so that it is found together with what caused the event. */
type Turn = OfTarget & { eventId: string }
/** `eventId` when all that went again is one event. */
type Repeated = Policy & { first: number; last: number; count: number; eventId?: string | undefined }

/**
 * What happens to policies and how their targets fare. Single deliveries have their own history: here stands when a
 * target begins to fail and when it takes deliveries again. `changed` names what differs now, nothing when a policy
 * was sent as it was, and never holds a secret.
 */
export const facts = {
  policyCreated: topic<Policy>('webhook-policy.created'),
  policyChanged: topic<Policy & { changed: string[] }>('webhook-policy.changed'),
  policyDeleted: topic<Policy>('webhook-policy.deleted'),
  policyTested: topic<Policy & { eventType: string; eventId: string; deliveries: number }>('webhook-policy.tested'),
  deliveriesRepeated: topic<Repeated>('webhook-delivery.repeated'),
  /** The first failed try after one that got through; the target rests, for longer after each further one. */
  targetFailed: topic<Turn & { why: string; restsUntil: string | null }>('webhook-target.failed', {
    isFailure: true,
    description: (of) => `a target of webhook policy ${of.name} fails and is left to rest: ${of.why}`,
  }),
  targetRecovered: topic<Turn>('webhook-target.recovered', {
    description: ({ name }) => `a target of webhook policy ${name} takes deliveries again`,
  }),
  targetPaused: topic<OfTarget & { why: string; eventId?: string }>('webhook-target.paused'),
  targetResumed: topic<OfTarget & { eventId?: string }>('webhook-target.resumed'),
}
