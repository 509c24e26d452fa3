import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'
import type { NewRule } from './store.ts'

type Place = { projectId: number; ruleId: number }

/** `changed`: what it is now. */
export const facts = {
  ruleCreated: (at: Place & { rule: NewRule }, by: Actor): Fact => ({ topic: 'immutable-rule.created', payload: { ...at, by } }),
  ruleChanged: (at: Place & { changed: Partial<NewRule> }, by: Actor): Fact => ({ topic: 'immutable-rule.changed', payload: { ...at, by } }),
  ruleDeleted: (at: Place, by: Actor): Fact => ({ topic: 'immutable-rule.deleted', payload: { ...at, by } }),
}
