import { kindOf } from '../../i18n/jobs.ts'
import { changeQuery } from '../../lib/location.ts'
import { showCount } from '../../lib/show.ts'
import { EmptyState } from '../../ui/empty.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import type { Pool, ViewProps, Worker } from './shared.ts'
import { words } from './words.ts'

/** The jobs that run now, and the processes that run them. */
export function Workers({ pools, workers }: ViewProps) {
  const error = workers.error ?? pools.error
  if (error && !workers.data) return <ErrorState error={error} onRetry={workers.refresh} />
  const all = workers.data ?? []
  const busy = all.filter((one) => one.job_id !== undefined)
  const free = showCount(all.length - busy.length)
  return (
    <>
      <PlainTable
        label={words().running}
        columns={jobColumns(pools.data ?? [])}
        rows={busy}
        keyOf={(one) => one.job_id!}
        empty={
          <EmptyState icon="clock" title={words().noneRuns}>
            {words().noneRunsHint(free)}
          </EmptyState>
        }
      />
      <div class="section-head">
        <h2>{words().processes}</h2>
      </div>
      <PlainTable
        label={words().processes}
        columns={poolColumns(busy)}
        rows={pools.data ?? []}
        keyOf={(one) => one.worker_pool_id}
        empty={
          pools.data && (
            <EmptyState icon="server" title={words().noProcess} commands="./marina.mjs work">
              {words().noProcessHint}
            </EmptyState>
          )
        }
      />
    </>
  )
}

function jobColumns(pools: Pool[]): Column<Worker>[] {
  const hostOf = (id: string) => pools.find((one) => one.worker_pool_id === id)?.host ?? id
  return [
    {
      name: 'kind',
      title: words().kind,
      cell: ({ job_name: name = '', job_id: id = '' }) => (
        <button type="button" class="link-button" onClick={() => changeQuery({ job: id }, { replace: false })}>
          {kindOf(name)}
        </button>
      ),
    },
    { name: 'job', title: words().job, isNumber: true, cell: ({ job_id: id }) => id },
    { name: 'since', title: words().since, cell: ({ start_at: at }) => <TimeAgo at={at} /> },
    { name: 'last', title: words().last, hideBelow: 'medium', cell: (one) => <CheckIn text={one.check_in} /> },
    { name: 'host', title: words().host, hideBelow: 'medium', cell: ({ pool_id: id }) => hostOf(id) },
  ]
}

/** What a job says of itself: its numbers by name. */
function CheckIn({ text = '' }: { text: string | undefined }) {
  const facts = factsOf(text)
  if (facts.length === 0) return <span class="quiet-text">–</span>
  return <span class="wrap-text">{facts.map(([name, value]) => `${name} ${value}`).join(' · ')}</span>
}

/** The fields of what a job says, as texts. */
export function factsOf(text: string): [string, string][] {
  try {
    const all = Object.entries(JSON.parse(text) as Record<string, unknown>)
    return all.map(([name, value]) => [
      name.replaceAll('_', ' '),
      typeof value === 'number' ? showCount(value) : typeof value === 'string' ? value : JSON.stringify(value),
    ])
  } catch {
    return text === '' ? [] : [['', text]]
  }
}

function poolColumns(busy: Worker[]): Column<Pool>[] {
  const busyIn = (id: string) => busy.filter((one) => one.pool_id === id).length
  return [
    { name: 'host', title: words().host, cell: ({ host }) => <span class="name">{host}</span> },
    { name: 'pid', title: words().pid, isNumber: true, hideBelow: 'small', cell: ({ pid }) => pid },
    {
      name: 'running',
      title: words().running,
      isNumber: true,
      cell: ({ worker_pool_id: id }) => showCount(busyIn(id)),
    },
    { name: 'places', title: words().places, isNumber: true, cell: ({ concurrency }) => showCount(concurrency) },
    { name: 'started', title: words().started, hideBelow: 'small', cell: ({ start_at: at }) => <TimeAgo at={at} /> },
    { name: 'heartbeat', title: words().heartbeat, cell: ({ heartbeat_at: at }) => <TimeAgo at={at} /> },
  ]
}
