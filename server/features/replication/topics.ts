import { topic } from '../../catalog/topic.ts'

type Policy = { policyId: number; name: string }
type Execution = { executionId: number; policyId: number }

/** One side of a task as Harbor's webhook shows it: the namespace is the repository without its last part. */
export type TaskSide = { endpointId: number; name: string; type: string; url: string; namespace: string }

/** What a webhook tells of a task whose state has changed. `projectId` of Marina's side; null when it has gone. */
export type TaskFact = {
  projectId: number | null
  repository: string
  status: 'Running' | 'Success' | 'Error' | 'Stopped'
  message: string
  operation: string
  resourceType: string
  overrides: boolean
  trigger: string
  creator: string
  executionId: number
  taskId: number
  startedAt: string
  source: TaskSide
  target: TaskSide
  /** The last part of the source's name with the number of items, and their references, at most 100. */
  artifact: string
  references: string[]
}

const name = (of: Policy) => of.name

function artifactOf({ target, artifact }: TaskFact): string {
  return target.namespace ? `${target.namespace}/${artifact}` : artifact
}

function sentenceOf({ operation, repository, status, message }: TaskFact): string {
  return `${operation} of ${repository}: ${status}${message && `, ${message}`}`
}

export const facts = {
  policyCreated: topic<Policy>('replication-policy.created', { resource: name }),
  policyChanged: topic<Policy & { changed: string[] }>('replication-policy.changed', { resource: name }),
  policyDeleted: topic<Policy>('replication-policy.deleted', { resource: name }),
  replicationStarted: topic<Execution & Policy & { trigger: string }>('replication.started', { resource: name }),
  replicationStopped: topic<Execution & Policy>('replication.stopped', { resource: name }),
  /** The status hook of a task (S3-41), as facts; a task that finds nothing to do has none. */
  taskChanged: topic<TaskFact>('replication-task.changed', { resource: artifactOf, description: sentenceOf }),
  taskFailed: topic<TaskFact>('replication-task.failed', {
    isFailure: true,
    resource: artifactOf,
    description: sentenceOf,
  }),
}
