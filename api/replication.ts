import { Type } from './type.ts'
import { operation } from './operation.ts'
import { Registry } from './registries.ts'
import { idParam, ListQuery, listQuery, pageQuery } from './requests.ts'

const text = Type.Optional(Type.String())
const flag = Type.Optional(Type.Boolean())
const time = Type.String({ format: 'date-time' })
const count = Type.Integer()

/** `type`: name, tag, label or resource. `decoration`: matches or excludes, for tag and label. */
export const ReplicationFilter = Type.Object({ type: text, value: Type.Optional(Type.Unknown()), decoration: text })

export const ReplicationTrigger = Type.Object({
  type: text,
  trigger_settings: Type.Optional(Type.Union([Type.Object({ cron: text }), Type.Null()])),
})

const orNull = <T extends Parameters<typeof Type.Optional>[0]>(schema: T) =>
  Type.Optional(Type.Union([schema, Type.Null()]))

/** Of a request only the id counts. */
const Side = Type.Object({ ...Registry.properties, id: Type.Optional(idParam) })

/** Harbor's fields; those from `dest_template` on are Marina's own. */
const policyFields = {
  id: Type.Optional(Type.Integer()),
  name: text,
  description: text,
  src_registry: orNull(Side),
  dest_registry: orNull(Side),
  dest_namespace: text,
  dest_namespace_replace_count: Type.Optional(Type.Integer({ minimum: -128, maximum: 127 })),
  trigger: orNull(ReplicationTrigger),
  filters: orNull(Type.Array(ReplicationFilter, { maxItems: 50 })),
  replicate_deletion: flag,
  deletion: flag,
  override: flag,
  enabled: flag,
  creation_time: text,
  update_time: text,
  speed: Type.Optional(Type.Integer({ minimum: -2147483648, maximum: 2147483647 })),
  copy_by_chunk: flag,
  single_active_replication: flag,
  dest_template: text,
  dest_pattern: text,
  platforms: Type.Optional(Type.Array(Type.String(), { maxItems: 50 })),
  rewrite_index: flag,
}
export const ReplicationPolicy = Type.Object(policyFields)

/** `allow_deletion` lets this run delete more than the share that is allowed otherwise. */
export const StartReplicationExecution = Type.Object({ policy_id: Type.Optional(idParam), allow_deletion: flag })

export const ReplicationExecution = Type.Object({
  id: count,
  policy_id: count,
  status: Type.String(),
  trigger: Type.String(),
  start_time: time,
  end_time: time,
  status_text: Type.String(),
  total: count,
  failed: count,
  succeed: count,
  in_progress: count,
  stopped: count,
})

/** `progress`: bytes and artifacts so far, Marina's own; absent before the task has any. */
export const ReplicationTask = Type.Object({
  id: count,
  execution_id: count,
  status: Type.String(),
  job_id: Type.String(),
  operation: Type.String(),
  resource_type: Type.String(),
  src_resource: Type.String(),
  dst_resource: Type.String(),
  start_time: time,
  end_time: time,
  progress: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})

/** One tag, or one artifact without a tag, of which `tag` is empty. */
const Difference = Type.Object({
  source: Type.String(),
  target: Type.String(),
  tag: Type.String(),
  action: Type.String(),
  source_digest: Type.String(),
  target_digest: Type.String(),
  /** In bytes, with all its parts; -1 where it is not known without reading the manifest. */
  size: Type.Integer(),
})

/** What a run would do. `is_complete` false: the lists were cut at `limit` artifacts. */
export const ReplicationPreview = Type.Object({
  is_complete: Type.Boolean(),
  copy: count,
  overwrite: count,
  skip: count,
  keep: count,
  delete: count,
  bytes: Type.Integer(),
  artifacts: Type.Array(Difference),
  /** Target repositories into which several source repositories would be copied. */
  collisions: Type.Array(Type.Object({ target: Type.String(), sources: Type.Array(Type.String()) })),
  /** Repositories whose names cannot be made, and why; a refused deletion. */
  problems: Type.Array(Type.String()),
})

/** Where source and target differ, by digest. */
export const ReplicationDrift = Type.Object({
  is_complete: Type.Boolean(),
  same: count,
  missing: count,
  different: count,
  extra: count,
  artifacts: Type.Array(Difference),
})

const tag = 'replication'
const params = Type.Object({ id: idParam })
const limitQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 10_000,
      description: 'the most artifacts that are looked at',
    }),
  ),
})

export const listReplicationPolicies = operation({
  id: 'listReplicationPolicies',
  tag,
  method: 'GET',
  path: '/replication/policies',
  summary: 'List the replication policies',
  query: Type.Object({ ...listQuery, name: Type.Optional(Type.String({ maxLength: 256 })) }),
  status: 200,
  answer: Type.Array(ReplicationPolicy),
  page: true,
})

export const createReplicationPolicy = operation({
  id: 'createReplicationPolicy',
  tag,
  method: 'POST',
  path: '/replication/policies',
  summary: 'Create a replication policy',
  body: ReplicationPolicy,
  status: 201,
})

export const getReplicationPolicy = operation({
  id: 'getReplicationPolicy',
  tag,
  method: 'GET',
  path: '/replication/policies/{id}',
  summary: 'Get a replication policy',
  params,
  status: 200,
  answer: ReplicationPolicy,
})

export const updateReplicationPolicy = operation({
  id: 'updateReplicationPolicy',
  tag,
  method: 'PUT',
  path: '/replication/policies/{id}',
  summary: 'Replace a replication policy: what is left out gets its default',
  params,
  body: ReplicationPolicy,
  status: 200,
})

export const deleteReplicationPolicy = operation({
  id: 'deleteReplicationPolicy',
  tag,
  method: 'DELETE',
  path: '/replication/policies/{id}',
  summary: 'Delete a replication policy with its executions; not while one runs',
  params,
  status: 200,
})

export const previewReplicationPolicy = operation({
  id: 'previewReplicationPolicy',
  tag,
  method: 'POST',
  path: '/replication/policies/{id}/preview',
  summary: 'Show what a run of the policy would copy, delete and skip, and to which names',
  params,
  query: limitQuery,
  status: 200,
  answer: ReplicationPreview,
})

export const previewReplication = operation({
  id: 'previewReplication',
  tag,
  method: 'POST',
  path: '/replication/preview',
  summary: 'The same for a policy that is not saved',
  query: limitQuery,
  body: ReplicationPolicy,
  status: 200,
  answer: ReplicationPreview,
})

export const getReplicationDrift = operation({
  id: 'getReplicationDrift',
  tag,
  method: 'GET',
  path: '/replication/policies/{id}/drift',
  summary: 'Show where the source and the target of a policy differ, by digest',
  params,
  query: limitQuery,
  status: 200,
  answer: ReplicationDrift,
})

export const listReplicationExecutions = operation({
  id: 'listReplicationExecutions',
  tag,
  method: 'GET',
  path: '/replication/executions',
  summary: 'List the executions of replication policies, the latest first',
  query: Type.Object({
    sort: ListQuery.properties.sort,
    ...pageQuery,
    policy_id: Type.Optional(idParam),
    status: text,
    trigger: text,
  }),
  status: 200,
  answer: Type.Array(ReplicationExecution),
  page: true,
})

export const startReplication = operation({
  id: 'startReplication',
  tag,
  method: 'POST',
  path: '/replication/executions',
  summary: 'Run a replication policy now',
  body: StartReplicationExecution,
  status: 201,
})

export const getReplicationExecution = operation({
  id: 'getReplicationExecution',
  tag,
  method: 'GET',
  path: '/replication/executions/{id}',
  summary: 'Get an execution with the counts of its tasks',
  params,
  status: 200,
  answer: ReplicationExecution,
})

export const stopReplication = operation({
  id: 'stopReplication',
  tag,
  method: 'PUT',
  path: '/replication/executions/{id}',
  summary: 'Stop an execution; what it has copied stays',
  params,
  status: 200,
})

export const listReplicationTasks = operation({
  id: 'listReplicationTasks',
  tag,
  method: 'GET',
  path: '/replication/executions/{id}/tasks',
  summary: 'List the tasks of an execution, the latest first',
  params,
  query: Type.Object({ sort: ListQuery.properties.sort, ...pageQuery, status: text, resource_type: text }),
  status: 200,
  answer: Type.Array(ReplicationTask),
  page: true,
})

export const getReplicationLog = operation({
  id: 'getReplicationLog',
  tag,
  method: 'GET',
  path: '/replication/executions/{id}/tasks/{task_id}/log',
  summary: 'Read the log of a task',
  params: Type.Object({ id: idParam, task_id: idParam }),
  status: 200,
  answer: Type.String(),
})
