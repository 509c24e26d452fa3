import { changeJobQueue, getSchedulesPaused, listSchedules } from '../../../../api/jobs.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { kindOf } from '../../i18n/jobs.ts'
import { send } from '../../lib/api.ts'
import { useAction } from '../../lib/action.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Link } from '../../ui/link.tsx'
import { Problem } from '../../ui/problem.tsx'
import { NextRun, showCron } from '../../ui/schedule.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { scheduler } from './shared.ts'
import { runsOf, words } from './words.ts'

type Schedule = AnswerOf<typeof listSchedules>[number]

/** What runs by itself, and when next. */
export function Schedules() {
  const { data } = useApi(getSchedulesPaused, { params: { job_type: 'all' } })
  const isPaused = data?.paused === true
  const change = useAction(async () => {
    const action = isPaused ? 'resume' : 'pause'
    await send(changeJobQueue, { params: { job_type: scheduler }, body: { action } })
    forget('/schedules', '/jobservice')
  })
  const button = (
    <Button
      icon={isPaused ? 'play' : 'stop'}
      isBusy={change.isRunning}
      disabledBecause={canInSystem('jobservice-monitor', 'stop') ? undefined : words().mayNot}
      onClick={() => void change.run()}
    >
      {isPaused ? words().resumeSchedules : words().pauseSchedules}
    </Button>
  )
  return (
    <>
      {isPaused && (
        <div class="note warn" role="status">
          <Icon name="alert" /> <p>{words().schedulesPaused}</p>
        </div>
      )}
      {change.error && <Problem error={change.error} />}
      <DataGrid
        label={words().schedules}
        operation={listSchedules}
        columns={columnsOf(isPaused)}
        keyOf={(one) => one.id}
        nameOf={nameOf}
        facets={data && button}
        empty={
          <EmptyState icon="clock" title={words().noSchedule}>
            {words().noScheduleHint}
          </EmptyState>
        }
      />
    </>
  )
}

const nameOf = ({ vendor_type: type, vendor_id: id }: Schedule): string =>
  id > 0 ? words().of(kindOf(type), String(id)) : kindOf(type)

function columnsOf(isPaused: boolean): Column<Schedule>[] {
  return [
    { name: 'kind', title: words().kind, cell: (one) => <Name schedule={one} /> },
    {
      name: 'rhythm',
      title: words().rhythm,
      cell: ({ cron }) => <span title={cron}>{showCron(undefined, cron)}</span>,
    },
    { name: 'cron', title: 'Cron', hideBelow: 'medium', cell: ({ cron }) => <code>{cron}</code> },
    {
      name: 'next',
      title: words().next,
      cell: ({ cron }) => (isPaused ? <span class="quiet-text">{words().paused}</span> : <NextRun cron={cron} />),
    },
    { name: 'changed', title: words().changed, hideBelow: 'medium', cell: (one) => <TimeAgo at={one.update_time} /> },
  ]
}

function Name({ schedule }: { schedule: Schedule }) {
  const { vendor_type: type, vendor_id: id } = schedule
  const place = type.startsWith('REPLICATION') && id > 0 ? `/replication/${id}` : runsOf[type]
  return place === undefined ? (
    <span class="name">{nameOf(schedule)}</span>
  ) : (
    <Link class="name" to={place}>
      {nameOf(schedule)}
    </Link>
  )
}
