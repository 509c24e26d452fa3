import { useState } from 'preact/hooks'
import { changeJobQueue } from '../../../../api/jobs.ts'
import { kindOf } from '../../i18n/jobs.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showCount, showDuration } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { scheduler, type Queue, type ViewProps } from './shared.ts'
import { runsOf, words } from './words.ts'

/** The kinds of jobs: how much waits, for how long, and whether they are paused. */
export function Queues({ queues, workers }: ViewProps) {
  const [doomed, setDoomed] = useState<Queue | undefined>(undefined)
  if (queues.error && !queues.data) return <ErrorState error={queues.error} onRetry={queues.refresh} />
  const running = (type: string) => workers.data?.filter((one) => one.job_name === type).length ?? 0
  const rows = [...(queues.data ?? [])]
    .filter((one) => one.job_type !== scheduler)
    .sort((a, b) => (b.count ?? 0) - (a.count ?? 0) || kindOf(a.job_type).localeCompare(kindOf(b.job_type)))
  return (
    <>
      <PlainTable
        label={words().queues}
        columns={columnsOf(running)}
        rows={rows}
        keyOf={(one) => one.job_type}
        nameOf={(one) => kindOf(one.job_type)}
        rowActions={(one) => actionsOf(one, setDoomed)}
      />
      {doomed && (
        <Confirm
          title={words().clearTitle(kindOf(doomed.job_type))}
          action={words().clear}
          onClose={() => setDoomed(undefined)}
          run={async () => {
            await send(changeJobQueue, { params: { job_type: doomed.job_type }, body: { action: 'stop' } })
            forget('/jobservice')
            toast(words().cleared)
          }}
        >
          <p>{words().clearHint(showCount(doomed.count ?? 0))}</p>
        </Confirm>
      )}
    </>
  )
}

function columnsOf(running: (type: string) => number): Column<Queue>[] {
  return [
    {
      name: 'kind',
      title: words().kind,
      cell: ({ job_type: type }) => (
        <span class="two-lines">
          {runsOf[type] === undefined ? (
            <span class="name">{kindOf(type)}</span>
          ) : (
            <Link class="name" to={runsOf[type]} title={words().toRuns}>
              {kindOf(type)}
            </Link>
          )}
          <code class="quiet-text">{type}</code>
        </span>
      ),
    },
    {
      name: 'state',
      title: words().state,
      cell: ({ paused }) =>
        paused ? <Badge tone="warn">{words().paused}</Badge> : <Badge tone="good">{words().open}</Badge>,
    },
    { name: 'waiting', title: words().waiting, isNumber: true, cell: ({ count }) => showCount(count ?? 0) },
    {
      name: 'running',
      title: words().running,
      isNumber: true,
      hideBelow: 'small',
      cell: (one) => showCount(running(one.job_type)),
    },
    {
      name: 'latency',
      title: words().latency,
      isNumber: true,
      hideBelow: 'small',
      cell: ({ latency }) => (latency === undefined ? '–' : showDuration(latency * 1000)),
    },
  ]
}

function actionsOf({ job_type: type, paused, count = 0 }: Queue, ask: (queue: Queue) => void): MenuItem[] {
  const disabledBecause = canInSystem('jobservice-monitor', 'stop') ? undefined : words().mayNot
  const change = async (action: 'pause' | 'resume') => {
    await send(changeJobQueue, { params: { job_type: type }, body: { action } })
    forget('/jobservice')
    toast(action === 'pause' ? words().isPaused(kindOf(type)) : words().isResumed(kindOf(type)))
  }
  return [
    paused
      ? { label: words().resume, icon: 'play', disabledBecause, run: () => attempt(() => change('resume')) }
      : { label: words().pause, icon: 'stop', disabledBecause, run: () => attempt(() => change('pause')) },
    {
      label: words().clear,
      icon: 'trash',
      isDanger: true,
      disabledBecause: disabledBecause ?? (count === 0 ? words().noneRuns : undefined),
      run: () => ask({ job_type: type, paused, count }),
    },
  ]
}
