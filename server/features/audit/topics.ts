import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

/** Where a refused request came from; it stands in the fact itself, since refusals are gathered and written later. */
type Refused = { count: number; origin: { address: string; requestId: string } }

export const facts = {
  loginFailed: (at: Refused & { name: string }, by: Actor): Fact => ({ topic: 'login.failed', payload: { ...at, by } }),
  changeRefused: (at: Refused & { what: string; projectId?: number }, by: Actor): Fact => ({ topic: 'change.refused', payload: { ...at, by } }),
  auditPurged: (at: { executionId: number; before: string; eventTypes: string[]; removed: number }, by: Actor): Fact => ({ topic: 'audit-log.purged', payload: { ...at, by } }),
  purgeAsked: (at: { executionId: number } & Purge, by: Actor): Fact => ({ topic: 'audit-purge.asked', payload: { ...at, by } }),
  purgeStopped: (at: { executionId: number }, by: Actor): Fact => ({ topic: 'audit-purge.stopped', payload: { ...at, by } }),
  /** `cron` null: no longer. */
  purgeScheduled: (at: { cron: string | null } & Partial<Purge>, by: Actor): Fact => ({ topic: 'audit-purge.scheduled', payload: { ...at, by } }),
}

type Purge = { audit_retention_hour: number; include_event_types: string; dry_run: boolean }
