import type { TaskFact, TaskSide } from '../replication/index.ts'
import type { ReplicationData } from './events.ts'

/** Harbor's data of a task of replication. `host`: `host:port` by which clients reach Marina. */
export function replicationDataOf(task: TaskFact, host: string): ReplicationData {
  const { status, resourceType, artifact, references } = task
  const artifacts = [{ type: resourceType, status, name_tag: artifact, references }]
  return {
    harbor_hostname: host.replace(/:\d+$/, ''),
    job_status: status,
    artifact_type: resourceType,
    override_mode: task.overrides,
    trigger_type: task.trigger,
    policy_creator: task.creator,
    execution_timestamp: Math.floor(Date.parse(task.startedAt) / 1000),
    src_resource: sideOf(task.source),
    dest_resource: sideOf(task.target),
    ...(status === 'Success' ? { successful_artifact: artifacts } : {}),
    ...(status === 'Error' ? { failed_artifact: artifacts } : {}),
    execution_id: task.executionId,
    task_id: task.taskId,
  }
}

function sideOf({ name, type, url, namespace }: TaskSide): ReplicationData['src_resource'] {
  return { ...(name === '' ? {} : { registry_name: name }), registry_type: type, endpoint: url, namespace }
}
