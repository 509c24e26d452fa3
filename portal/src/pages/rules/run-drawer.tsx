import { useState } from 'preact/hooks'
import { getRetentionTaskLog, listRetentionTasks } from '../../../../api/retention.ts'
import { useApi } from '../../lib/query.ts'
import { showCount } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { isGoingOn, LogView, RunState } from '../../ui/run.tsx'
import { words } from './words.ts'

/** How often a run that goes on is asked for again, in ms. */
const runningMs = 2000

type DrawerProps = { policyId: number; runId: number; onClose(): void }

/** A run: what stayed in each repository, and its log. */
export function RunDrawer({ policyId, runId, onClose }: DrawerProps) {
  const params = { id: policyId, eid: runId }
  const [chosen, setChosen] = useState<number | undefined>(undefined)
  const { data, error, refresh } = useApi(
    listRetentionTasks,
    { params, query: { page_size: 100 } },
    { everyMs: runningMs },
  )
  const task = data?.find(({ id }) => id === chosen) ?? (data?.length === 1 ? data[0] : undefined)
  return (
    <Dialog title={words().runOf(runId)} shape="drawer" onClose={onClose}>
      {error && <ErrorState error={error} onRetry={refresh} />}
      {data?.length === 0 && <p>{words().noTasks}</p>}
      <ul class="sentences" aria-busy={!data && !error}>
        {data?.map(({ id, repository, status, retained, total }) => (
          <li key={id}>
            <strong class="wrap-text">{repository}</strong>
            <RunState state={status} />
            <span class="quiet-text">{words().keptOf(showCount(retained), showCount(total))}</span>
            <span class="spring" />
            <Button
              class="small"
              aria-pressed={task?.id === id}
              aria-label={`${words().chooseLog}: ${repository}`}
              onClick={() => setChosen(id)}
            >
              {words().log}
            </Button>
          </li>
        ))}
      </ul>
      {task && <TaskLog key={task.id} params={{ ...params, tid: task.id }} isRunning={isGoingOn(task.status)} />}
    </Dialog>
  )
}

type LogProps = { params: { id: number; eid: number; tid: number }; isRunning: boolean }

function TaskLog({ params, isRunning }: LogProps) {
  const found = useApi(getRetentionTaskLog, { params }, { everyMs: isRunning ? runningMs : undefined })
  return <LogView label={words().log} found={found} isRunning={isRunning} />
}
