import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

/** Where a refused request came from; it stands in the fact itself, since refusals are gathered and written later. */
type Refused = { count: number; origin: { address: string; requestId: string } }

export const facts = {
  loginFailed: (at: Refused & { name: string }, by: Actor): Fact => ({ topic: 'login.failed', payload: { ...at, by } }),
  changeRefused: (at: Refused & { what: string }, by: Actor): Fact => ({ topic: 'change.refused', payload: { ...at, by } }),
  auditPurged: (at: { before: string; eventTypes: string[]; removed: number }, by: Actor): Fact => ({ topic: 'audit-log.purged', payload: { ...at, by } }),
}
