import { useState } from 'preact/hooks'
import { listLowestRepositories } from '../../../../api/scores.ts'
import { system } from '../../i18n/system.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showBytes, showCount, showDuration } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { isGoingOn, Progress, RunState } from '../../ui/run.tsx'
import { checkSchedule, NextRun, ScheduleFields, scheduleIn, showCron } from '../../ui/schedule.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { numberIn, numbersOf, storage, type Chore, type Numbers, type Run } from './chore.ts'
import { ParameterFields } from './start-dialog.tsx'
import { words } from './words.ts'

/** Beside each other: what goes on, what a run would free, and when one runs by itself. */
export function Overview({ chore }: { chore: Chore }) {
  const runs = useApi(chore.operations.listRuns, { query: { page_size: 20 } })
  const latest = runs.data?.[0]
  return (
    <div class="cards collection-cards">
      <Now chore={chore} run={latest} />
      {chore === storage && <WouldFree runs={runs.data ?? []} />}
      <Schedule chore={chore} />
    </div>
  )
}

function Now({ chore, run }: { chore: Chore; run: Run | undefined }) {
  // Progress is told by the stream; the pause is for a server that has none for us.
  useApi(chore.operations.listRuns, { query: { page_size: 20 } }, isGoingOn(run?.job_status) ? { everyMs: 3000 } : {})
  if (!run) {
    return (
      <section class="card">
        <h2>{words().now}</h2>
        <p class="quiet-text">{words().nothingRuns}</p>
      </section>
    )
  }
  const isRunning = isGoingOn(run.job_status)
  return (
    <section class="card">
      <div class="card-head">
        <h2>{isRunning ? words().now : words().lastRun}</h2>
        <RunState state={run.job_status} />
        <div class="row">
          {isRunning && canInSystem(chore.resource, 'stop') && (
            <Button class="small" icon="stop" onClick={() => attempt(() => stop(chore, run.id))}>
              {system().stop}
            </Button>
          )}
          <Button class="small" onClick={() => changeQuery({ run: String(run.id) }, { replace: false })}>
            {system().details}
          </Button>
        </div>
      </div>
      {isRunning ? (
        <RunProgress chore={chore} run={run} />
      ) : (
        <p>
          <strong class="large">{chore.result(numbersOf(run))}</strong>{' '}
          <span class="quiet-text">
            {chore === storage ? words().freed : words().removed} · <TimeAgo at={run.update_time} />
          </span>
        </p>
      )}
    </section>
  )
}

/** Ends a run at its next step. */
export async function stop(chore: Chore, id: number): Promise<void> {
  await send(chore.operations.stopRun, { params: { [chore.param]: id } })
  forget(chore.path, '/jobservice')
  toast(words().stopped)
}

/** How far a run is, how fast it is, and how long it takes from now on. */
export function RunProgress({ chore, run }: { chore: Chore; run: Run }) {
  const numbers = numbersOf(run)
  const done = chore === storage ? thingsDone(numbers) : numberIn(numbers, 'removed')
  const whole = numbers['estimate'] === undefined ? undefined : numberIn(numbers, 'estimate')
  const seconds = Math.max(0.001, (Date.parse(run.update_time) - Date.parse(run.creation_time)) / 1000)
  const rate = done / seconds
  const left = whole !== undefined && rate > 0 && whole > done ? ((whole - done) / rate) * 1000 : undefined
  const parts = [
    whole === undefined ? words().done(showCount(done)) : words().looked(showCount(done), showCount(whole)),
    ...(rate > 0 ? [words().perSecond(showCount(Math.round(rate)))] : []),
    ...(chore === storage ? [showBytes(numberIn(numbers, 'freed_space'))] : []),
    ...(left === undefined ? [] : [words().left(showDuration(left))]),
  ]
  return <Progress label={system().progress} done={done} whole={whole} text={parts.join(' · ')} />
}

/**
 * How many of the things that the run has estimated are done: a blob is half done once its row is gone, and done with
 * its file; a file without a blob is one thing.
 */
function thingsDone(numbers: Numbers): number {
  const [blobs, files] = [numberIn(numbers, 'purged_blobs'), numberIn(numbers, 'removed_files')]
  return Math.floor(files + Math.max(0, blobs - files) / 2)
}

/** What the newest dry run has found, if nothing has been freed since. */
function WouldFree({ runs }: { runs: Run[] }) {
  const ended = runs.find((one) => one.job_status === 'Success')
  const dry = ended && numbersOf(ended)['dry_run'] === true ? ended : undefined
  const lowest = useApi(listLowestRepositories, { query: { count: 1 } })
  const seconds = lowest.data?.restorable_seconds
  return (
    <section class="card">
      <h2>{words().wouldFree}</h2>
      {dry ? (
        <p>
          <strong class="large">{showBytes(numberIn(numbersOf(dry), 'freed_space'))}</strong>{' '}
          <span class="quiet-text">
            {words().asOf} <TimeAgo at={dry.update_time} />
          </span>
        </p>
      ) : (
        <p class="quiet-text">{words().wouldFreeNone}</p>
      )}
      {seconds !== undefined && (
        <p class="quiet-text below">
          {seconds > 0
            ? `${words().restorable} ${showDuration(seconds * 1000)}. ${words().restorableHint}`
            : words().restorableNone}
        </p>
      )}
    </section>
  )
}

function Schedule({ chore }: { chore: Chore }) {
  const [isOpen, setOpen] = useState(false)
  const { data } = useApi(chore.operations.getSchedule, {})
  const { type, cron } = data?.schedule ?? {}
  return (
    <section class="card">
      <div class="card-head">
        <h2>{system().schedule}</h2>
        <div class="row">
          {data && canInSystem(chore.resource, 'update') && (
            <Button
              class="small"
              icon="edit"
              aria-label={`${system().edit}: ${system().schedule}`}
              onClick={() => setOpen(true)}
            >
              {system().edit}
            </Button>
          )}
        </div>
      </div>
      <p>
        <strong class="large">{showCron(type, cron)}</strong>
      </p>
      {cron !== undefined && (
        <p class="quiet-text">
          {system().nextRun}: <NextRun cron={cron} />
        </p>
      )}
      {isOpen && <ScheduleDialog chore={chore} onClose={() => setOpen(false)} />}
    </section>
  )
}

function ScheduleDialog({ chore, onClose }: { chore: Chore; onClose(): void }) {
  const { data } = useApi(chore.operations.getSchedule, {})
  return (
    <FormDialog
      title={words().changeSchedule}
      action={system().schedule}
      onClose={onClose}
      check={checkSchedule}
      submit={async (values) => {
        const body = { schedule: scheduleIn(values), parameters: { ...chore.toParameters(values), dry_run: false } }
        await send(chore.operations.updateSchedule, { body })
        forget(chore.path, '/schedules')
        toast(words().scheduleSaved)
      }}
    >
      <ScheduleFields type={data?.schedule?.type} cron={data?.schedule?.cron} />
      {chore === storage && <p class="hint">{words().scheduleHint}</p>}
      <ParameterFields chore={chore} now={numbersOf(data ?? {})} />
    </FormDialog>
  )
}
