import { topic } from '../../catalog/topic.ts'
import type { Place } from '../../catalog/topics.ts'

/** `details`: Harbor's sentence on how much of the limit is used. */
type Push = Place & { digest?: string; tags?: string[]; details: string }

export const facts = {
  /** `hard` in bytes, -1 for no limit. */
  quotaUpdated: topic<{ projectId: number; name: string; hard: number; from: number }>('quota.updated'),
  /** A push, mount, copy or restore was refused for want of room. */
  quotaExceeded: topic<Push>('quota.exceeded', {
    isFailure: true,
    description: ({ repository, details }) => `refused for want of room in ${repository}: ${details}`,
  }),
  /** After a push, the project uses at least the share of its limit from which warnings are emitted. */
  quotaWarned: topic<Push>('quota.warned'),
}
