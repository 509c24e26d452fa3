import { changeQuery, withQuery } from '../../lib/location.ts'
import { showDuration } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { system } from '../../i18n/system.ts'
import { numbersOf, storage, triggerOf, type Chore, type Run } from './chore.ts'
import { words } from './words.ts'

/** The runs, the latest first. */
export function History({ chore }: { chore: Chore }) {
  return (
    <>
      <div class="section-head">
        <h2>{words().history}</h2>
      </div>
      <DataGrid
        label={words().history}
        operation={chore.operations.listRuns}
        columns={columnsOf(chore)}
        keyOf={(one) => one.id}
        nameOf={(one) => words().runName(String(one.id))}
        linkTo={(one) => withQuery({ run: String(one.id) })}
        rowActions={(one) => [
          { label: system().log, icon: 'file', run: () => changeQuery({ run: String(one.id) }, { replace: false }) },
        ]}
        empty={
          <EmptyState icon={chore === storage ? 'collection' : 'archive'} title={words().none}>
            {chore === storage ? words().noneHint : words().noneAuditHint}
          </EmptyState>
        }
      />
    </>
  )
}

function columnsOf(chore: Chore): Column<Run>[] {
  return [
    {
      name: 'run',
      title: words().number,
      cell: (one) => (
        <Link class="name" to={withQuery({ run: String(one.id) })}>
          {words().runName(String(one.id))}
        </Link>
      ),
    },
    {
      name: 'state',
      title: words().state,
      cell: (one) => (
        <span class="row">
          <RunState state={one.job_status} />
          {numbersOf(one)['dry_run'] === true && <Badge>{words().dryRunMark}</Badge>}
        </span>
      ),
    },
    {
      name: 'result',
      title: chore === storage ? words().freed : words().removed,
      isNumber: true,
      cell: (one) => chore.result(numbersOf(one)),
    },
    { name: 'trigger', title: words().trigger, hideBelow: 'medium', cell: triggerOf },
    { name: 'began', title: words().began, hideBelow: 'small', cell: (one) => <TimeAgo at={one.creation_time} /> },
    {
      name: 'took',
      title: words().took,
      isNumber: true,
      hideBelow: 'medium',
      cell: (one) => showDuration(Math.max(0, Date.parse(one.update_time) - Date.parse(one.creation_time))),
    },
  ]
}
