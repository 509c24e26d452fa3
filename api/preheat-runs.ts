import { operation } from './operation.ts'
import { policy, policyParams, PreheatPolicy } from './preheat.ts'
import { idParam, ListQuery } from './requests.ts'
import { Type } from './type.ts'

const text = Type.Optional(Type.String())
const integer = Type.Optional(Type.Integer())
const anything = Type.Record(Type.String(), Type.Unknown())

const count = Type.Optional(Type.Integer())
export const PreheatExecution = Type.Object({
  id: integer,
  vendor_type: text,
  vendor_id: integer,
  status: text,
  status_message: text,
  metrics: Type.Optional(
    Type.Object({
      task_count: count,
      success_task_count: count,
      error_task_count: count,
      pending_task_count: count,
      running_task_count: count,
      scheduled_task_count: count,
      stopped_task_count: count,
    }),
  ),
  trigger: text,
  extra_attrs: Type.Optional(anything),
  start_time: text,
  end_time: text,
})

export const PreheatTask = Type.Object({
  id: Type.Integer(),
  execution_id: Type.Integer(),
  status: Type.String(),
  status_message: text,
  run_count: Type.Integer(),
  extra_attrs: anything,
  creation_time: Type.String(),
  update_time: Type.String(),
  start_time: text,
  end_time: text,
})

const tag = 'preheat'
const execution = `${policy}/executions/{execution_id}`
const executionParams = Type.Object({ ...policyParams.properties, execution_id: idParam })

export const startPreheat = operation({
  id: 'ManualPreheat',
  tag,
  method: 'POST',
  path: policy,
  summary: 'Run a preheat policy now; of the body nothing counts',
  params: policyParams,
  body: PreheatPolicy,
  status: 201,
})

export const listPreheatExecutions = operation({
  id: 'ListExecutions',
  tag,
  method: 'GET',
  path: `${policy}/executions`,
  summary: 'List the executions of a preheat policy, the latest first',
  params: policyParams,
  query: ListQuery,
  status: 200,
  answer: Type.Array(PreheatExecution),
  page: true,
})

export const getPreheatExecution = operation({
  id: 'GetExecution',
  tag,
  method: 'GET',
  path: execution,
  summary: 'Get an execution of a preheat policy with the counts of its tasks',
  params: executionParams,
  status: 200,
  answer: PreheatExecution,
})

export const stopPreheat = operation({
  id: 'StopExecution',
  tag,
  method: 'PATCH',
  path: execution,
  summary: 'Stop an execution: the body says {"status":"Stopped"}',
  params: executionParams,
  body: PreheatExecution,
  status: 200,
})

export const listPreheatTasks = operation({
  id: 'ListTasks',
  tag,
  method: 'GET',
  path: `${execution}/tasks`,
  summary: 'List the tasks of an execution, one for each image, the latest first',
  params: executionParams,
  query: ListQuery,
  status: 200,
  answer: Type.Array(PreheatTask),
  page: true,
})

export const getPreheatLog = operation({
  id: 'GetPreheatLog',
  tag,
  method: 'GET',
  path: `${execution}/tasks/{task_id}/logs`,
  summary: 'Read the log of a task',
  params: Type.Object({ ...executionParams.properties, task_id: idParam }),
  status: 200,
  answer: Type.String(),
})
