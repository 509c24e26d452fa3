import { topic } from '../../catalog/topic.ts'
import type { NewRule } from './store.ts'

type Place = { projectId: number; ruleId: number }

/** `changed` holds the new values of the changed fields. */
export const facts = {
  ruleCreated: topic<Place & { rule: NewRule }>('immutable-rule.created'),
  ruleChanged: topic<Place & { changed: Partial<NewRule> }>('immutable-rule.changed'),
  ruleDeleted: topic<Place>('immutable-rule.deleted'),
}
