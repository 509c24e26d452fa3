import { changeJobQueue, listJobQueues, listWorkerPools, listWorkers, stopJob } from '../../../../api/jobs.ts'
import { useState } from 'preact/hooks'
import { send } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { query, withQuery } from '../../lib/location.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { Figures } from '../../ui/figures.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Menu } from '../../ui/menu.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { toast } from '../../ui/toasts.tsx'
import { JobDrawer } from './job-drawer.tsx'
import { Queues } from './queues.tsx'
import { Reactions } from './reactions.tsx'
import { Runs } from './runs.tsx'
import { Schedules } from './schedules.tsx'
import { words } from './words.ts'
import { Workers } from './workers.tsx'

/** How often queues and workers are asked again, in ms: how long something waits changes without an event. */
const everyMs = 5000

const views = { queues: Queues, workers: Workers, runs: Runs, schedules: Schedules, reactions: Reactions } as const
type View = keyof typeof views

/** What the address says for one tab alone. */
const nothingElse = { page: undefined, job: undefined, kind: undefined, state: undefined, sort: undefined }

/** What waits, what runs, and what runs by itself. */
export default function Jobs() {
  useLive(['executions'], '/jobservice')
  const queues = useApi(listJobQueues, {}, { everyMs })
  const pools = useApi(listWorkerPools, {}, { everyMs })
  const workers = useApi(listWorkers, { params: { pool_id: 'all' } }, { everyMs })
  const busy = workers.data?.filter((one) => one.job_id !== undefined).length ?? 0
  const waiting = queues.data?.reduce((sum, one) => sum + (one.count ?? 0), 0) ?? 0
  const tab = (query.value.get('tab') ?? 'queues') as View
  const Shown = views[tab] ?? Queues
  const job = query.value.get('job')
  const known = (Object.keys(views) as View[]).filter(
    (one) => one !== 'reactions' || canInSystem('configuration', 'read'),
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={<AllActions running={busy} />} />
      <Figures
        figures={[
          { label: words().waiting, value: showCount(waiting) },
          { label: words().running, value: `${showCount(busy)} / ${showCount(workers.data?.length ?? 0)}` },
          { label: words().processes, value: showCount(pools.data?.length ?? 0) },
        ]}
      />
      <Tabs
        label={words().title}
        tabs={known.map((one) => ({
          to: withQuery({ ...nothingElse, tab: one === 'queues' ? undefined : one }),
          label: words()[one],
          isCurrent: Shown === views[one],
          ...(one === 'workers' && busy > 0 ? { count: showCount(busy) } : {}),
        }))}
      />
      <Shown queues={queues} pools={pools} workers={workers} />
      {job !== null && <JobDrawer id={job} workers={workers} />}
    </>
  )
}

/** What can be done with all queues and all jobs at once. */
function AllActions({ running }: { running: number }) {
  const [asks, setAsks] = useState(false)
  const disabledBecause = canInSystem('jobservice-monitor', 'stop') ? undefined : words().mayNot
  const change = async (action: 'pause' | 'resume', name: string) => {
    await send(changeJobQueue, { params: { job_type: 'all' }, body: { action } })
    forget('/jobservice', '/schedules')
    toast(action === 'pause' ? words().isPaused(name) : words().isResumed(name))
  }
  return (
    <>
      <Menu
        label={words().title}
        items={[
          {
            label: words().pauseAll,
            icon: 'stop',
            disabledBecause,
            run: () => attempt(() => change('pause', words().queues)),
          },
          {
            label: words().resumeAll,
            icon: 'play',
            disabledBecause,
            run: () => attempt(() => change('resume', words().queues)),
          },
          'line',
          { label: words().stopAll, icon: 'close', isDanger: true, disabledBecause, run: () => setAsks(true) },
        ]}
      />
      {asks && (
        <Confirm
          title={words().stopAllTitle}
          action={words().stopAll}
          onClose={() => setAsks(false)}
          run={async () => {
            await send(stopJob, { params: { job_id: 'all' } })
            forget('/jobservice')
            toast(words().stoppedAll)
          }}
        >
          <p>{words().stopAllHint(showCount(running))}</p>
        </Confirm>
      )}
    </>
  )
}
