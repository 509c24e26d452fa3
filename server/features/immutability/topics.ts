import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

type Place = { projectId: number; ruleId: number }

export const facts = {
  ruleCreated: (at: Place, by: Actor): Fact => ({ topic: 'immutable-rule.created', payload: { ...at, by } }),
  ruleChanged: (at: Place & { changed: string[] }, by: Actor): Fact => ({ topic: 'immutable-rule.changed', payload: { ...at, by } }),
  ruleDeleted: (at: Place, by: Actor): Fact => ({ topic: 'immutable-rule.deleted', payload: { ...at, by } }),
}
