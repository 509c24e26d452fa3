import { system } from '../../i18n/system.ts'
import { changeQuery } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { isGoingOn, LogView, RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { numbersOf, triggerOf, type Chore } from './chore.ts'
import { RunProgress, stop } from './overview.tsx'
import { words } from './words.ts'

/** One run: how far it is, what it has done, and its log. */
export function RunDrawer({ chore, id }: { chore: Chore; id: number }) {
  const params = { [chore.param]: id }
  const found = useApi(chore.operations.getRun, { params })
  const isRunning = isGoingOn(found.data?.job_status)
  const log = useApi(chore.operations.getRunLog, { params }, isRunning ? { everyMs: 2000 } : {})
  const run = found.data
  return (
    <Dialog
      title={words().runName(String(id))}
      shape="drawer"
      onClose={() => changeQuery({ run: undefined })}
      actions={
        isRunning &&
        canInSystem(chore.resource, 'stop') && (
          <Button tone="danger" icon="stop" title={words().stopHint} onClick={() => attempt(() => stop(chore, id))}>
            {words().stop}
          </Button>
        )
      }
    >
      {found.error && <ErrorState error={found.error} onRetry={found.refresh} />}
      {run && (
        <>
          {isRunning && <RunProgress chore={chore} run={run} />}
          <dl class="facts">
            <dt>{words().state}</dt>
            <dd class="row">
              <RunState state={run.job_status} />
              {numbersOf(run)['dry_run'] === true && <Badge>{words().dryRunMark}</Badge>}
            </dd>
            <dt>{words().trigger}</dt>
            <dd>{triggerOf(run)}</dd>
            <dt>{words().began}</dt>
            <dd>
              <TimeAgo at={run.creation_time} />
            </dd>
            {chore
              .facts(numbersOf(run))
              .flatMap(([title, value]) => [<dt key={title}>{title}</dt>, <dd key={`${title}=`}>{value}</dd>])}
          </dl>
          <h3>{system().log}</h3>
          <LogView label={system().log} found={log} isRunning={isRunning} />
        </>
      )}
    </Dialog>
  )
}
