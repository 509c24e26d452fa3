import { listReplicationExecutions } from '../../../../api/replication.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { withQuery } from '../../lib/location.ts'
import { showCount, showDuration } from '../../lib/show.ts'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { words } from './words.ts'

export type Run = AnswerOf<typeof listReplicationExecutions>[number]

const placeOf = ({ id }: Run) => withQuery({ run: String(id) })

/** The runs of a policy, the latest first. */
export function Runs({ policyId }: { policyId: number }) {
  return (
    <DataGrid
      label={words().runs}
      operation={listReplicationExecutions}
      call={{ query: { policy_id: policyId } }}
      columns={columnsOf()}
      keyOf={(one) => one.id}
      nameOf={(one) => words().runNumber(String(one.id))}
      linkTo={placeOf}
      empty={
        <EmptyState icon="replication" title={words().noRun}>
          {words().noRunHint}
        </EmptyState>
      }
    />
  )
}

/** How long a run took; undefined while it goes on. */
function tookOf({ start_time: start, end_time: end }: { start_time: string; end_time: string }) {
  const took = Date.parse(end) - Date.parse(start)
  return took >= 0 ? took : undefined
}

function columnsOf(): Column<Run>[] {
  return [
    {
      name: 'run',
      title: words().runs,
      cell: (one) => (
        <Link class="name" to={placeOf(one)}>
          {words().runNumber(String(one.id))}
        </Link>
      ),
    },
    {
      name: 'state',
      title: words().state,
      cell: ({ status, status_text: text }) => (
        <span title={text}>
          <RunState state={status} />
        </span>
      ),
    },
    {
      name: 'tasks',
      title: words().tasks,
      isNumber: true,
      cell: ({ total, succeed, failed }) =>
        `${showCount(succeed)} / ${showCount(total)}${failed > 0 ? ` · ${words().failedTasks(failed)}` : ''}`,
    },
    {
      name: 'trigger',
      title: words().startedBy,
      hideBelow: 'medium',
      cell: ({ trigger }) => words().triggers[trigger] ?? trigger,
    },
    { name: 'began', title: words().began, hideBelow: 'small', cell: ({ start_time: at }) => <TimeAgo at={at} /> },
    {
      name: 'took',
      title: words().took,
      isNumber: true,
      hideBelow: 'medium',
      cell: (one) => {
        const took = tookOf(one)
        return took === undefined ? '–' : showDuration(took)
      },
    },
  ]
}
