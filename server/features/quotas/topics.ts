import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

/** `details` is Harbor's sentence on how much is used of how much. */
type Place = { projectId: number; repository: string; digest?: string; tags?: string[]; details: string }

export const facts = {
  /** Something was refused for want of room: a push, a mount, a copy, a deletion that was to be taken back. */
  quotaExceeded: (at: Place, by: Actor): Fact => ({ topic: 'quota.exceeded', payload: { ...at, by } }),
  /** After a push, the project uses more than the share at which it is to be told. */
  quotaWarned: (at: Place, by: Actor): Fact => ({ topic: 'quota.warned', payload: { ...at, by } }),
}
