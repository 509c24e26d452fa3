import { useState } from 'preact/hooks'
import { getJobLog, stopJob } from '../../../../api/jobs.ts'
import { kindOf } from '../../i18n/jobs.ts'
import { system } from '../../i18n/system.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { forget, useApi, type Found } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { LogView } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Worker } from './shared.ts'
import { factsOf } from './workers.tsx'
import { words } from './words.ts'

/** A job: what it says of itself, and its log while it is written. */
export function JobDrawer({ id, workers }: { id: string; workers: Found<Worker[]> }) {
  const [asks, setAsks] = useState(false)
  const job = workers.data?.find((one) => one.job_id === id)
  const isRunning = job !== undefined
  const log = useApi(getJobLog, { params: { job_id: id } }, isRunning ? { everyMs: 2000 } : {})
  const mayStop = canInSystem('jobservice-monitor', 'stop') ? undefined : words().mayNot
  return (
    <Dialog
      title={words().jobTitle(id)}
      shape="drawer"
      onClose={() => changeQuery({ job: undefined })}
      actions={
        isRunning && (
          <Button tone="danger" icon="stop" disabledBecause={mayStop} onClick={() => setAsks(true)}>
            {system().stop}
          </Button>
        )
      }
    >
      {job ? <JobFacts job={job} /> : workers.data && <p class="note info">{words().jobEnded}</p>}
      <h3>{system().log}</h3>
      <LogView label={system().log} found={log} isRunning={isRunning} />
      {asks && (
        <Confirm
          title={words().stopTitle(id)}
          action={system().stop}
          onClose={() => setAsks(false)}
          run={async () => {
            await send(stopJob, { params: { job_id: id } })
            forget('/jobservice')
            toast(words().stopped)
          }}
        >
          <p>{words().stopHint(kindOf(job?.job_name ?? ''))}</p>
        </Confirm>
      )}
    </Dialog>
  )
}

function JobFacts({ job: { job_name: name = '', start_at: since, check_in: said = '' } }: { job: Worker }) {
  return (
    <dl class="facts">
      <dt>{words().kind}</dt>
      <dd>{kindOf(name)}</dd>
      <dt>{words().since}</dt>
      <dd>
        <TimeAgo at={since} />
      </dd>
      {factsOf(said).flatMap(([title, value]) => [<dt key={title}>{title}</dt>, <dd key={`${title}=`}>{value}</dd>])}
    </dl>
  )
}
