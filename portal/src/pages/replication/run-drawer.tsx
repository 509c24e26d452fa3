import { useState } from 'preact/hooks'
import {
  getReplicationExecution,
  getReplicationLog,
  listReplicationTasks,
  stopReplication,
} from '../../../../api/replication.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { system } from '../../i18n/system.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { isGoingOn, LogView, Progress, RunState } from '../../ui/run.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Run } from './runs.tsx'
import { words } from './words.ts'

type Task = AnswerOf<typeof listReplicationTasks>[number]

/** A run: how far it is, its tasks, and the log of one. */
export function RunDrawer({ id }: { id: number }) {
  const [chosen, setChosen] = useState<number | undefined>(undefined)
  const found = useApi(getReplicationExecution, { params: { id } })
  const run = found.data
  const isRunning = isGoingOn(run?.status)
  const tasks = useApi(
    listReplicationTasks,
    { params: { id }, query: { page_size: 100 } },
    isRunning ? { everyMs: 2000 } : {},
  )
  const rows = tasks.data ?? []
  const task = rows.find((one) => one.id === chosen) ?? rows.find(({ status }) => status === 'Failed') ?? rows[0]
  return (
    <Dialog
      title={words().runNumber(String(id))}
      shape="drawer"
      onClose={() => changeQuery({ run: undefined })}
      actions={
        isRunning &&
        canInSystem('replication', 'create') && (
          <Button tone="danger" icon="stop" onClick={() => attempt(() => stop(id))}>
            {words().stopRun}
          </Button>
        )
      }
    >
      {found.error && <ErrorState error={found.error} onRetry={found.refresh} />}
      {run && <State run={run} />}
      {tasks.data && (
        <PlainTable
          label={words().tasks}
          columns={columnsOf(task?.id, setChosen)}
          rows={rows}
          keyOf={(one) => one.id}
          empty={isRunning ? undefined : <p class="quiet-text">{words().noTask}</p>}
        />
      )}
      {task && <Log key={task.id} task={task} />}
    </Dialog>
  )
}

async function stop(id: number): Promise<void> {
  await send(stopReplication, { params: { id } })
  forget('/replication', '/jobservice')
  toast(words().stopped)
}

function State({ run }: { run: Run }) {
  const { status, status_text: text, total, succeed, failed, stopped } = run
  const done = succeed + failed + stopped
  return (
    <div class="stack run-state">
      <p class="row">
        <RunState state={status} />
        {failed > 0 && <span>{words().failedTasks(failed)}</span>}
      </p>
      {isGoingOn(status) ? (
        <Progress
          label={system().progress}
          done={done}
          whole={total > 0 ? total : undefined}
          text={words().done(showCount(done), showCount(total))}
        />
      ) : (
        text !== '' && <p class="note bad">{text}</p>
      )}
    </div>
  )
}

/** `library/alpine [1 item(s) in total]` without what stands in brackets. */
const nameIn = (resource: string) => resource.replace(/ \[\d+ item\(s\) in total\]$/, '')

function Log({ task }: { task: Task }) {
  const isRunning = isGoingOn(task.status)
  const params = { id: task.execution_id, task_id: task.id }
  const found = useApi(getReplicationLog, { params }, isRunning ? { everyMs: 2000 } : {})
  const label = words().logOf(nameIn(task.src_resource))
  return (
    <>
      <h3 class="wrap-text">{label}</h3>
      <LogView label={label} found={found} isRunning={isRunning} />
    </>
  )
}

/** What a task has copied so far. */
const copiedOf = ({ progress }: Task): string => (progress ? showBytes(Number(progress['bytes'] ?? 0)) : '–')

function columnsOf(chosen: number | undefined, choose: (id: number) => void): Column<Task>[] {
  return [
    {
      name: 'task',
      title: words().tasks,
      cell: (one) => (
        <button type="button" class="link-button" aria-pressed={one.id === chosen} onClick={() => choose(one.id)}>
          {nameIn(one.src_resource)} → {nameIn(one.dst_resource)}
        </button>
      ),
    },
    { name: 'state', title: words().state, cell: ({ status }) => <RunState state={status} /> },
    { name: 'copied', title: words().copied, isNumber: true, hideBelow: 'small', cell: copiedOf },
  ]
}
