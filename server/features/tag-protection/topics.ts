import { topic } from '../../catalog/topic.ts'
import type { NewRule } from './rules.ts'

type Place = { projectId: number; ruleId: number; name: string }

/** `changed` holds the new values of the changed fields. */
export const facts = {
  protectionCreated: topic<Place & { rule: NewRule }>('tag-protection.created'),
  protectionChanged: topic<Place & { changed: Partial<NewRule> }>('tag-protection.changed'),
  protectionDeleted: topic<Place>('tag-protection.deleted'),
}
