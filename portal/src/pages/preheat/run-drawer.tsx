import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { getPreheatExecution, getPreheatLog, listPreheatTasks, stopPreheat } from '../../../../api/preheat-runs.ts'
import { system } from '../../i18n/system.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { showCount } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { isGoingOn, LogView, Progress, RunState } from '../../ui/run.tsx'
import { toast } from '../../ui/toasts.tsx'
import { forgetPolicies, paramsOf, type Run } from './policy.ts'
import { words } from './words.ts'

type Task = AnswerOf<typeof listPreheatTasks>[number]
type DrawerProps = { project: string; policy: string; id: number; mayStop: boolean }

const everyMs = 2000

/** A run: how far it is, its images, and the log of one. */
export function RunDrawer({ project, policy, id, mayStop }: DrawerProps) {
  const [chosen, setChosen] = useState<number | undefined>(undefined)
  const [isOver, setOver] = useState(false)
  const params = { ...paramsOf(project, policy), execution_id: id }
  const polling = isOver ? {} : { everyMs }
  const found = useApi(getPreheatExecution, { params }, polling)
  const run = found.data
  const isRunning = isGoingOn(run?.status)
  if (run && isRunning === isOver) setOver(!isRunning)
  const tasks = useApi(listPreheatTasks, { params, query: { page_size: 100 } }, polling)
  const rows = tasks.data ?? []
  const task = rows.find((one) => one.id === chosen) ?? rows.find(({ status }) => status === 'Error') ?? rows[0]
  return (
    <Dialog
      title={words().runNumber(String(id))}
      shape="drawer"
      onClose={() => changeQuery({ run: undefined })}
      actions={
        isRunning &&
        mayStop && (
          <Button tone="danger" icon="stop" onClick={() => attempt(() => stop(project, params))}>
            {words().stop}
          </Button>
        )
      }
    >
      {found.error && <ErrorState error={found.error} onRetry={found.refresh} />}
      {run && <State run={run} />}
      {tasks.data && (
        <PlainTable
          label={words().images}
          columns={columnsOf(task?.id, setChosen)}
          rows={rows}
          keyOf={(one) => one.id}
          empty={isRunning ? undefined : <p class="quiet-text">{words().noTask}</p>}
        />
      )}
      {task && <Log key={task.id} params={params} task={task} />}
    </Dialog>
  )
}

type Params = ReturnType<typeof paramsOf> & { execution_id: number }

async function stop(project: string, params: Params): Promise<void> {
  await send(stopPreheat, { params, body: { status: 'Stopped' } })
  forgetPolicies(project)
  toast(words().stopped)
}

function State({ run: { status = '', status_message: text = '', metrics = {} } }: { run: Run }) {
  const { task_count: all = 0, success_task_count: good = 0, error_task_count: failed = 0 } = metrics
  const done = good + failed + (metrics.stopped_task_count ?? 0)
  return (
    <div class="stack preheat-run">
      <p class="row">
        <RunState state={status} />
        {failed > 0 && <span>{words().failedImages(failed)}</span>}
      </p>
      {isGoingOn(status) ? (
        <Progress
          label={system().progress}
          done={done}
          whole={all > 0 ? all : undefined}
          text={words().done(showCount(done), showCount(all))}
        />
      ) : (
        text !== '' && status === 'Error' && <p class="note bad">{text}</p>
      )}
    </div>
  )
}

const imageOf = ({ extra_attrs: attrs }: Task): string =>
  typeof attrs['artifact'] === 'string' ? attrs['artifact'] : ''

function Log({ params, task }: { params: Params; task: Task }) {
  const isRunning = isGoingOn(task.status)
  const call = { params: { ...params, task_id: task.id } }
  const found = useApi(getPreheatLog, call, isRunning ? { everyMs } : {})
  const label = words().logOf(imageOf(task))
  return (
    <>
      <h3 class="wrap-text">{label}</h3>
      <LogView label={label} found={found} isRunning={isRunning} />
    </>
  )
}

function columnsOf(chosen: number | undefined, choose: (id: number) => void): Column<Task>[] {
  return [
    {
      name: 'image',
      title: words().image,
      cell: (one) => (
        <button type="button" class="link-button" aria-pressed={one.id === chosen} onClick={() => choose(one.id)}>
          {imageOf(one)}
        </button>
      ),
    },
    { name: 'state', title: words().state, cell: ({ status }) => <RunState state={status} /> },
    {
      name: 'why',
      title: words().why,
      hideBelow: 'small',
      cell: ({ status_message: text }) => <span class="wrap-text">{text}</span>,
    },
  ]
}
