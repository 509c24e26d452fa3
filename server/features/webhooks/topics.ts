import { topic } from '../../catalog/topic.ts'

/** `projectId` null: a policy of the whole system. */
type Policy = { projectId: number | null; policyId: number; name: string }
type OfTarget = Policy & { targetId: number }
/** `eventId`: of the delivery that showed it, so that it is found together with the cause of the event. */
type Turn = OfTarget & { eventId: string }
/** `eventId`: set when all repeated deliveries are of one event. */
type Repeated = Policy & { first: number; last: number; count: number; eventId?: string | undefined }

/**
 * Changes of policies and of their targets' state. Single deliveries have a history of their own: these facts say when
 * a target begins to fail and when it accepts deliveries again. `changed` names what differs, nothing when a policy was
 * sent unchanged, and never holds a secret.
 */
export const facts = {
  policyCreated: topic<Policy>('webhook-policy.created'),
  policyChanged: topic<Policy & { changed: string[] }>('webhook-policy.changed'),
  policyDeleted: topic<Policy>('webhook-policy.deleted'),
  policyTested: topic<Policy & { eventType: string; eventId: string; deliveries: number }>('webhook-policy.tested'),
  deliveriesRepeated: topic<Repeated>('webhook-delivery.repeated'),
  /** The first failed try after a successful one. The target rests, longer after each further failure. */
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
