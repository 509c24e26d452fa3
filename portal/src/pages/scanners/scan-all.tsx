import { useState } from 'preact/hooks'
import {
  createScanAllSchedule,
  getLatestScanAllMetrics,
  getScanAllSchedule,
  stopScanAll,
  updateScanAllSchedule,
} from '../../../../api/scan-all.ts'
import { listScanners } from '../../../../api/scanners.ts'
import { system } from '../../i18n/system.ts'
import { send } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { Progress, RunState } from '../../ui/run.tsx'
import { checkSchedule, NextRun, ScheduleFields, scheduleIn, showCron } from '../../ui/schedule.tsx'
import { toast } from '../../ui/toasts.tsx'
import { scanAllWords } from './scan-all-words.ts'

/** How often a scan that goes on is asked again, in ms. */
const runningMs = 2000

const paths = ['/scans', '/system/scanAll'] as const

/** The scan of all images: how far it is, and when it runs by itself. */
export function ScanAll() {
  const [asked, setAsked] = useState<'start' | 'schedule' | undefined>(undefined)
  const close = () => setAsked(undefined)
  useLive(['executions'], ...paths)
  const { data } = useApi(getLatestScanAllMetrics, {})
  const isRunning = data?.ongoing === true
  useApi(getLatestScanAllMetrics, {}, { isOn: isRunning, everyMs: runningMs })
  return (
    <section class="card scan-all" aria-label={scanAllWords().title}>
      <div class="card-head">
        <h2>{scanAllWords().title}</h2>
        <div class="row">
          {isRunning
            ? canInSystem('scan-all', 'stop') && (
                <Button class="small" icon="stop" onClick={() => attempt(stop)}>
                  {system().stop}
                </Button>
              )
            : canInSystem('scan-all', 'create') && (
                <Button class="small" icon="play" onClick={() => setAsked('start')}>
                  {scanAllWords().start}
                </Button>
              )}
        </div>
      </div>
      <p class="quiet-text">{scanAllWords().about}</p>
      {data && <HowFar {...data} />}
      <Planned onEdit={() => setAsked('schedule')} />
      {asked === 'start' && <Start onClose={close} />}
      {asked === 'schedule' && <EditSchedule onClose={close} />}
    </section>
  )
}

type Stats = { total: number; completed: number; ongoing: boolean; metrics?: Record<string, number> }

function HowFar({ total, completed, ongoing, metrics }: Stats) {
  if (metrics === undefined) return <p>{scanAllWords().none}</p>
  return (
    <div class="below">
      {ongoing ? (
        <Progress
          label={scanAllWords().progress}
          done={completed}
          whole={total}
          text={scanAllWords().done(showCount(completed), showCount(total))}
        />
      ) : (
        <p>{scanAllWords().ended(showCount(total))}</p>
      )}
      <p class="row">
        {Object.entries(metrics)
          .filter(([, count]) => count > 0)
          .map(([state, count]) => (
            <span key={state}>
              <RunState state={state} /> {showCount(count)}
            </span>
          ))}
      </p>
    </div>
  )
}

function Planned({ onEdit }: { onEdit(): void }) {
  const scanners = useApi(listScanners, { query: { page_size: 100 } })
  // Without a default scanner that is enabled there is nothing to plan: the server refuses the question.
  const isOn = scanners.data?.some(({ is_default: isDefault, disabled }) => isDefault && !disabled) === true
  const { data } = useApi(getScanAllSchedule, {}, { isOn })
  const { type, cron } = data?.schedule ?? {}
  if (scanners.data && !isOn) return <p class="note info below">{scanAllWords().noDefault}</p>
  return (
    <p class="row below">
      <span>
        {system().schedule}: <strong>{showCron(type, cron)}</strong>
      </span>
      {cron !== undefined && cron !== '' && (
        <span class="quiet-text">
          {system().nextRun}: <NextRun cron={cron} />
        </span>
      )}
      {data && canInSystem('scan-all', 'update') && (
        <Button class="small" icon="edit" aria-label={`${system().edit}: ${scanAllWords().schedule}`} onClick={onEdit}>
          {system().edit}
        </Button>
      )}
    </p>
  )
}

async function stop(): Promise<void> {
  await send(stopScanAll, {})
  forget(...paths)
  toast(scanAllWords().stopped)
}

function Start({ onClose }: { onClose(): void }) {
  return (
    <Confirm
      title={scanAllWords().title}
      action={scanAllWords().start}
      onClose={onClose}
      run={async () => {
        await send(createScanAllSchedule, { body: { schedule: { type: 'Manual' } } })
        forget(...paths)
        toast(scanAllWords().started)
      }}
    >
      <p>{scanAllWords().startHint}</p>
    </Confirm>
  )
}

function EditSchedule({ onClose }: { onClose(): void }) {
  const { data } = useApi(getScanAllSchedule, {})
  return (
    <FormDialog
      title={scanAllWords().schedule}
      action={system().schedule}
      onClose={onClose}
      check={checkSchedule}
      submit={async (values) => {
        await send(updateScanAllSchedule, { body: { schedule: scheduleIn(values) } })
        forget(...paths, '/schedules')
        toast(scanAllWords().saved)
      }}
    >
      <ScheduleFields type={data?.schedule?.type} cron={data?.schedule?.cron} />
    </FormDialog>
  )
}
