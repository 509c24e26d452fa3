import { topic } from '../../catalog/topic.ts'
import { schedulingOf } from '../job-service/index.ts'

type Options = { isDryRun: boolean; deletesUntagged: boolean }

export const facts = {
  collectionAsked: topic<{ executionId: number } & Options>('collection.asked'),
  collectionStopped: topic<{ executionId: number }>('collection.stopped'),
  /** `cron` is null when the schedule was removed. */
  collectionScheduled: topic<{ cron: string | null } & Options>('collection.scheduled', {
    resource: () => 'garbage_collection',
    description: schedulingOf('garbage collection'),
  }),
}
