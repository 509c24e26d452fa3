import { topic } from '../../catalog/topic.ts'
import type { Place } from '../../catalog/topics.ts'

/** `details` is Harbor's sentence on how much is used of how much. */
type Push = Place & { digest?: string; tags?: string[]; details: string }

export const facts = {
  /** `hard` in bytes, -1 for no limit. */
  quotaUpdated: topic<{ projectId: number; name: string; hard: number; from: number }>('quota.updated'),
  /** Something was refused for want of room: a push, a mount, a copy, a deletion that was to be taken back. */
  quotaExceeded: topic<Push>('quota.exceeded', {
    isFailure: true,
    description: ({ repository, details }) => `refused for want of room in ${repository}: ${details}`,
  }),
  /** After a push, the project uses more than the share at which it is to be told. */
  quotaWarned: topic<Push>('quota.warned'),
}
