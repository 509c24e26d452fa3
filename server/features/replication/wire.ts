import type { Static } from 'typebox'
import type { Registry } from '../../../api/registries.ts'
import type { ReplicationExecution, ReplicationPolicy, ReplicationTask } from '../../../api/replication.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Status } from '../../platform/jobs/type.ts'
import type { Filter, NewPolicy, Policy, Trigger } from './policy.ts'
import type { Execution, Task } from './executions.ts'

type Body = Static<typeof ReplicationPolicy>
type RegistryBody = Static<typeof Registry>

const never = '0001-01-01T00:00:00.000Z'
const bad = (message: string) => new Failure('BAD_REQUEST', message)

/** Reads a policy; what is left out gets Harbor's default. Throws BAD_REQUEST, mostly in Harbor's words. */
export function parsePolicy(body: Body): NewPolicy {
  const name = body.name ?? ''
  if (name === '') throw bad('empty name')
  const [source, target] = [body.src_registry?.id ?? 0, body.dest_registry?.id ?? 0]
  if ((source === 0) === (target === 0))
    throw bad("either src_registry or dest_registry should be empty and the other one shouldn't be empty")
  const trigger = parseTrigger(body.trigger?.type)
  return {
    name,
    description: body.description ?? '',
    direction: target === 0 ? 'pull' : 'push',
    endpointId: target === 0 ? source : target,
    filters: (body.filters ?? []).map(parseFilter),
    trigger,
    cron: trigger === 'scheduled' ? (body.trigger?.trigger_settings?.cron ?? '') : '',
    overrides: body.override ?? false,
    // As in Harbor, either of the two names of the field is enough.
    deletes: (body.deletion ?? false) || (body.replicate_deletion ?? false),
    isEnabled: body.enabled ?? false,
    speed: Math.max(0, body.speed ?? 0),
    copiesByChunk: body.copy_by_chunk ?? false,
    isSingle: body.single_active_replication ?? false,
    naming: {
      namespace: body.dest_namespace ?? '',
      replaceCount: body.dest_namespace_replace_count ?? -1,
      template: body.dest_template ?? '',
      pattern: body.dest_pattern ?? '',
    },
    platforms: body.platforms ?? [],
    rewritesIndex: body.rewrite_index ?? false,
  }
}

function parseTrigger(type: string | undefined): Trigger | null {
  if (type === undefined) return null
  if (type === 'manual' || type === 'scheduled' || type === 'event_based') return type
  throw bad('invalid trigger type')
}

function parseFilter({ type, value, decoration = '' }: NonNullable<Body['filters']>[number]): Filter {
  if (type !== 'name' && type !== 'tag' && type !== 'label' && type !== 'resource') throw bad('invalid filter type')
  if (type !== 'tag' && type !== 'label') {
    if (decoration !== '') throw bad('only tag and label filter support decoration')
  } else if (decoration !== '' && decoration !== 'matches' && decoration !== 'excludes')
    throw bad(`invalid filter decoration, :${decoration}`)
  if (type === 'label') {
    if (!Array.isArray(value) || value.some((one) => typeof one !== 'string'))
      throw bad("the type of label filter value isn't string slice")
    if (value.length > 100) throw bad('a label filter has at most 100 labels')
    return { type, value: value as string[], decoration }
  }
  if (typeof value !== 'string') throw bad("the type of filter value isn't string")
  if (type === 'tag') return { type, value, decoration }
  if (type === 'resource' && value !== 'image' && value !== 'artifact') throw bad(`invalid resource filter: ${value}`)
  return { type, value }
}

/** As in Harbor, false and empty fields are left out, but for four of them. */
export function presentPolicy(policy: Policy, endpoint: RegistryBody, local: RegistryBody): Body {
  const { naming, trigger, cron } = policy
  return {
    id: policy.id,
    name: policy.name,
    ...(policy.description ? { description: policy.description } : {}),
    src_registry: policy.direction === 'push' ? local : endpoint,
    dest_registry: policy.direction === 'push' ? endpoint : local,
    ...(naming.namespace ? { dest_namespace: naming.namespace } : {}),
    dest_namespace_replace_count: naming.replaceCount,
    ...(trigger ? { trigger: { type: trigger, ...(cron ? { trigger_settings: { cron } } : {}) } } : {}),
    filters: policy.filters.length === 0 ? null : policy.filters.map(presentFilter),
    ...(policy.deletes ? { deletion: true, replicate_deletion: true } : {}),
    ...(policy.overrides ? { override: true } : {}),
    ...(policy.isEnabled ? { enabled: true } : {}),
    speed: policy.speed,
    copy_by_chunk: policy.copiesByChunk,
    single_active_replication: policy.isSingle,
    ...(naming.template ? { dest_template: naming.template } : {}),
    ...(naming.pattern ? { dest_pattern: naming.pattern } : {}),
    ...(policy.platforms.length > 0 ? { platforms: policy.platforms } : {}),
    ...(policy.rewritesIndex ? { rewrite_index: true } : {}),
    creation_time: policy.createdAt.toISOString(),
    update_time: policy.updatedAt.toISOString(),
  }
}

function presentFilter(filter: Filter): NonNullable<Body['filters']>[number] {
  const decoration = 'decoration' in filter && filter.decoration ? { decoration: filter.decoration } : {}
  return { type: filter.type, value: filter.value, ...decoration }
}

/** Harbor's words for the states of executions and tasks of replication. */
const statusWords: Record<Status, string> = {
  Pending: 'Pending',
  Running: 'InProgress',
  Success: 'Succeed',
  Error: 'Failed',
  Stopped: 'Stopped',
}
const triggerWords = { MANUAL: 'manual', SCHEDULE: 'scheduled', EVENT: 'event_based' } as const

/** The statuses of jobs that a client's word means; none for a word that Harbor does not have. */
export function statusesOf(word: string, isExecution: boolean): Status[] {
  // An execution that waits for its turn is InProgress, as in Harbor.
  if (isExecution && word === 'InProgress') return ['Pending', 'Running']
  const found = (Object.keys(statusWords) as Status[]).filter((one) => statusWords[one] === word)
  return isExecution ? found.filter((one) => one !== 'Pending') : found
}

export function triggerOf(word: string): string {
  return Object.entries(triggerWords).find(([, one]) => one === word)?.[0] ?? ''
}

const timeOf = (time: Date | null) => time?.toISOString() ?? never

export function presentExecution(execution: Execution): Static<typeof ReplicationExecution> {
  const { id, policyId, status, trigger, startedAt, endedAt, message, tasks, unfinished } = execution
  return {
    id,
    policy_id: policyId,
    status: status === 'Pending' ? 'InProgress' : statusWords[status],
    trigger: triggerWords[trigger],
    start_time: startedAt.toISOString(),
    end_time: timeOf(endedAt),
    status_text: message,
    total: tasks,
    failed: execution.failed,
    succeed: execution.succeeded,
    in_progress: unfinished,
    stopped: execution.stopped,
  }
}

export function presentTask(task: Task): Static<typeof ReplicationTask> {
  const items = (name: string) => `${name} [${task.items} item(s) in total]`
  return {
    id: task.id,
    execution_id: task.executionId,
    status: statusWords[task.status],
    job_id: String(task.id),
    operation: task.operation,
    resource_type: task.resourceType,
    src_resource: items(task.source),
    dst_resource: items(task.target),
    start_time: timeOf(task.startedAt ?? task.createdAt),
    end_time: timeOf(task.endedAt),
    ...(Object.keys(task.progress).length > 0 ? { progress: task.progress } : {}),
  }
}
