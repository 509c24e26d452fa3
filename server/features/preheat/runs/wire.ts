import type { Static } from 'typebox'
import type * as api from '../../../../api/preheat-runs.ts'
import { vendorType, type Execution, type Task } from './executions.ts'

/** Harbor's time of something that has not happened yet. */
const never = '0001-01-01T00:00:00Z'
/** As in Harbor, without milliseconds. */
const timeOf = (at: Date | null) => (at ? at.toISOString().replace(/\.\d+Z$/, 'Z') : never)

const triggerWords = { MANUAL: 'manual', SCHEDULE: 'scheduled', EVENT: 'event_based' } as const

export function presentExecution(execution: Execution): Static<typeof api.PreheatExecution> {
  const { id, policyId, status, trigger, message, attrs, startedAt, endedAt } = execution
  return {
    id,
    vendor_type: vendorType,
    vendor_id: policyId,
    // An execution that waits for its turn is Running, as in Harbor.
    status: status === 'Pending' ? 'Running' : status,
    ...(message === '' ? {} : { status_message: message }),
    metrics: metricsOf(execution),
    trigger: triggerWords[trigger],
    extra_attrs: {
      totalCount: execution.tasks,
      trigger: triggerWords[trigger],
      triggerSetting: typeof attrs['triggerSetting'] === 'string' ? attrs['triggerSetting'] : '-',
    },
    start_time: timeOf(startedAt),
    end_time: timeOf(endedAt),
  }
}

/** As in Harbor, counts that are 0 are left out. */
function metricsOf({ tasks, succeeded, failed, stopped, running }: Execution) {
  const all = {
    task_count: tasks,
    success_task_count: succeeded,
    error_task_count: failed,
    pending_task_count: tasks - succeeded - failed - stopped - running,
    running_task_count: running,
    stopped_task_count: stopped,
  }
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
}

export function presentTask(task: Task): Static<typeof api.PreheatTask> {
  const { params, status, message, startedAt } = task
  const isOver = status === 'Error' || status === 'Stopped'
  return {
    id: task.id,
    execution_id: task.executionId,
    status,
    // While a task goes on, its message only says why it waits; after a try that failed, why.
    ...(message !== '' && (isOver || (status === 'Pending' && task.failures > 0)) ? { status_message: message } : {}),
    run_count: startedAt ? Math.max(1, task.failures) : 0,
    extra_attrs: {
      artifact: `${params.repository}:${params.tag}`,
      digest: params.digest,
      kind: 'image',
    },
    creation_time: timeOf(task.createdAt),
    update_time: timeOf(task.updatedAt),
    start_time: timeOf(startedAt ?? task.createdAt),
    end_time: timeOf(task.endedAt),
  }
}
