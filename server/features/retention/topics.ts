import { topic } from '../../catalog/topic.ts'
import type { Place } from '../../catalog/topics.ts'
import { schedulingOf } from '../job-service/index.ts'

/** `projectId` null: a policy of the system. */
type OfPolicy = { projectId: number | null; policyId: number }
type OfRun = OfPolicy & { executionId: number }

const resource = ({ policyId }: { policyId: number }) => `retention policy ${policyId}`
const ofRun = {
  resource: ({ executionId }: { executionId: number }) => `retention run ${executionId}`,
}

export const facts = {
  policyCreated: topic<OfPolicy & { policy: object }>('retention.created', { resource }),
  policyChanged: topic<OfPolicy & { changed: object }>('retention.changed', { operation: 'update', resource }),
  policyDeleted: topic<OfPolicy>('retention.deleted', { resource }),
  /** `cron` is null when the schedule was removed. */
  scheduled: topic<OfPolicy & { cron: string | null }>('retention.scheduled', {
    resource,
    description: schedulingOf('tag retention'),
  }),
  runAsked: topic<OfRun & { isDryRun: boolean; maxShare: number | null }>('retention.asked', {
    ...ofRun,
    operation: 'start',
  }),
  runStopped: topic<OfRun>('retention.stopped', ofRun),
  /** A run would have deleted more than the allowed share of a project's tags, and deleted nothing. */
  runHeld: topic<OfRun & { project: string; percent: number; limit: number }>('retention.held', {
    ...ofRun,
    operation: 'hold',
    isFailure: true,
    description: ({ project, percent, limit }) =>
      `retention held: it would delete ${percent} % of the tags of ${project}, more than ${limit} %`,
  }),
  restoreAsked: topic<OfRun>('retention.restore-asked', { ...ofRun, operation: 'restore' }),
  /** A run, not a dry one, has ended in one repository. `deleted`: the first hundred names, `<repository>:<tag>`. */
  repositoryDone: topic<
    Place & {
      policyId: number
      executionId: number
      total: number
      retained: number
      deleted: string[]
      rules: object[]
    }
  >('retention.done', {
    operation: 'finish',
    resource: ({ repository }) => repository,
    description: ({ repository, total, retained }) =>
      `retention: ${repository} keeps ${retained} of ${total} artifacts`,
  }),
}
