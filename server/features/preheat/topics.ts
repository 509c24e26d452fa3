import { topic } from '../../catalog/topic.ts'

type Instance = { instanceId: number; name: string }
/** `name`: the policy's. */
type Policy = { projectId: number; policyId: number; name: string }
type Execution = Policy & { executionId: number }

const name = (of: { name: string }) => of.name

/** `changed` holds names of fields, never the credential. */
export const facts = {
  instanceCreated: topic<Instance & { vendor: string; endpoint: string }>('preheat-instance.created', {
    resource: name,
  }),
  instanceChanged: topic<Instance & { changed: string[] }>('preheat-instance.changed', { resource: name }),
  instanceDeleted: topic<Instance>('preheat-instance.deleted', { resource: name }),
  policyCreated: topic<Policy>('preheat-policy.created', { resource: name }),
  policyChanged: topic<Policy & { changed: string[] }>('preheat-policy.changed', { resource: name }),
  policyDeleted: topic<Policy>('preheat-policy.deleted', { resource: name }),
  preheatStarted: topic<Execution & { trigger: string }>('preheat.started', { resource: name }),
  preheatStopped: topic<Execution>('preheat.stopped', { resource: name }),
}
