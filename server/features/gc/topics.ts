import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

export const facts = {
  collectionAsked: (at: { executionId: number; isDryRun: boolean; deletesUntagged: boolean }, by: Actor): Fact => ({ topic: 'collection.asked', payload: { ...at, by } }),
  collectionStopped: (at: { executionId: number }, by: Actor): Fact => ({ topic: 'collection.stopped', payload: { ...at, by } }),
  /** `cron` null: no longer. */
  collectionScheduled: (at: { cron: string | null; isDryRun: boolean; deletesUntagged: boolean }, by: Actor): Fact => ({ topic: 'collection.scheduled', payload: { ...at, by } }),
}
