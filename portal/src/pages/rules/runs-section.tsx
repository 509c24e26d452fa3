import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { getRetentionRestore, restoreRetention } from '../../../../api/retention-preview.ts'
import { listRetentionExecutions, operateRetentionExecution } from '../../../../api/retention.ts'
import { system } from '../../i18n/system.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { forget, useApi } from '../../lib/query.ts'
import type { Can } from '../../lib/rights.ts'
import { showDuration } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { useLive } from '../../lib/live.ts'
import { facetOf } from '../../ui/facets.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { isGoingOn, RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { RunDrawer } from './run-drawer.tsx'
import { words } from './words.ts'

type Run = AnswerOf<typeof listRetentionExecutions>[number]

/** The runs of the policy, the newest first; their logs, and the way back. */
export function RunsSection({ policyId, can }: { policyId: number; can: Can }) {
  const [undone, setUndone] = useState<Run | undefined>(undefined)
  const opened = Number(facetOf('run'))
  const mayRun = can('tag-retention', 'update')
  useLive(['executions'], `/retentions/${policyId}/executions`)
  return (
    <>
      <DataGrid
        label={words().views.runs}
        operation={listRetentionExecutions}
        call={{ params: { id: policyId } }}
        columns={columnsOf()}
        keyOf={(run) => run.id}
        nameOf={(run) => words().runOf(run.id)}
        rowActions={(run) => actionsOf(policyId, run, mayRun, setUndone)}
        empty={<EmptyState icon="clock" title={words().noRuns} children={words().noRunsHint} />}
      />
      {opened > 0 && <RunDrawer policyId={policyId} runId={opened} onClose={() => changeQuery({ run: undefined })} />}
      {undone && <TakeBack policyId={policyId} run={undone} onClose={() => setUndone(undefined)} />}
    </>
  )
}

const openRun = (run: Run) => changeQuery({ run: String(run.id) }, { replace: false })

function actionsOf(policyId: number, run: Run, mayRun: boolean, undo: (run: Run) => void): MenuItem[] {
  const stop = async () => {
    await send(operateRetentionExecution, { params: { id: policyId, eid: run.id }, body: { action: 'stop' } })
    forget(`/retentions/${policyId}/executions`)
    toast(words().stopped)
  }
  return [
    { label: words().open, icon: 'file', run: () => openRun(run) },
    ...(mayRun && isGoingOn(run.status)
      ? [
          {
            label: words().stop,
            icon: 'stop' as const,
            run: () => void stop().catch((error: unknown) => toast(String(error), { isBad: true })),
          },
        ]
      : []),
    ...(mayRun && !run.dry_run && !isGoingOn(run.status)
      ? [{ label: words().takeBack, icon: 'refresh' as const, run: () => undo(run) }]
      : []),
  ]
}

function columnsOf(): Column<Run>[] {
  return [
    {
      name: 'start',
      title: words().start,
      cell: (run) => (
        <button type="button" class="link-button name" onClick={() => openRun(run)}>
          <TimeAgo at={run.start_time} />
        </button>
      ),
    },
    {
      name: 'kind',
      title: words().kind,
      cell: ({ dry_run: isDry }) => (isDry ? <Badge tone="info">{words().dry}</Badge> : words().real),
    },
    { name: 'state', title: words().state, cell: ({ status }) => <RunState state={status} /> },
    {
      name: 'cause',
      title: words().cause,
      hideBelow: 'medium',
      cell: ({ trigger }) => system().triggers[trigger.toUpperCase()] ?? trigger,
    },
    {
      name: 'message',
      title: words().message,
      hideBelow: 'small',
      cell: ({ status_message: message }) => <span class="quiet-text wrap-text">{message}</span>,
    },
    {
      name: 'took',
      title: words().took,
      isNumber: true,
      hideBelow: 'small',
      cell: ({ start_time: from, end_time: to }) => {
        const ms = Date.parse(to) - Date.parse(from)
        return ms >= 0 ? showDuration(ms) : '–'
      },
    },
  ]
}

function TakeBack({ policyId, run, onClose }: { policyId: number; run: Run; onClose(): void }) {
  const params = { id: policyId, eid: run.id }
  const { data } = useApi(getRetentionRestore, { params })
  return (
    <Confirm
      title={words().takeBackTitle}
      action={words().takeBack}
      refusedBecause={data?.restorable === 0 ? words().takeBackNone : undefined}
      onClose={onClose}
      run={async () => {
        await send(restoreRetention, { params })
        forget('/projects', `/retentions/${policyId}`)
        toast(words().takingBack)
      }}
    >
      <p aria-busy={!data}>{data && data.restorable > 0 && words().takeBackHint(data.restorable)}</p>
    </Confirm>
  )
}
