import { countFailures, listExecutions } from '../../../../api/jobs.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { kindOf, kindsOfJobs } from '../../i18n/jobs.ts'
import { system } from '../../i18n/system.ts'
import { changeQuery, withQuery } from '../../lib/location.ts'
import { isQ } from '../../lib/q.ts'
import { useApi } from '../../lib/query.ts'
import { showCount, showDuration } from '../../lib/show.ts'
import { EmptyState } from '../../ui/empty.tsx'
import { facetOf, SelectFacet } from '../../ui/facets.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Link } from '../../ui/link.tsx'
import { RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { runsOf, words } from './words.ts'

type Execution = AnswerOf<typeof listExecutions>[number]

const states = ['Pending', 'Running', 'Success', 'Error', 'Stopped']

/** The runs of all kinds, the latest first, and how many of each kind failed lately. */
export function Runs() {
  const [kind, state] = [facetOf('kind'), facetOf('state')]
  const conditions = [
    ...(kind === '' ? [] : [isQ('vendor_type', kind)]),
    ...(state === '' ? [] : [isQ('status', state)]),
  ]
  return (
    <>
      <Failures />
      <DataGrid
        label={words().runs}
        operation={listExecutions}
        call={{ query: conditions.length === 0 ? {} : { q: conditions.join(',') } }}
        columns={columnsOf()}
        keyOf={(one) => one.id}
        nameOf={nameOf}
        linkTo={placeOf}
        facets={
          <>
            <SelectFacet name="kind" label={words().kind} any={words().anyKind} options={kindOptions()} />
            <SelectFacet name="state" label={words().state} any={words().anyState} options={stateOptions()} />
          </>
        }
        isFiltered={conditions.length > 0}
        rowActions={({ job_id: job }) =>
          job === undefined
            ? []
            : [{ label: system().log, icon: 'file', run: () => changeQuery({ job }, { replace: false }) }]
        }
        empty={
          <EmptyState icon="clock" title={words().noRun}>
            {words().noRunHint}
          </EmptyState>
        }
      />
    </>
  )
}

/** One line for each kind that failed within the last days, which leads to these runs. */
function Failures() {
  const { data } = useApi(countFailures, {})
  if (!data || data.length === 0) return null
  return (
    <section class="note warn" aria-labelledby="failures">
      <Icon name="alert" />
      <div>
        <h2 id="failures">{words().failedLately}</h2>
        <ul>
          {data.map(({ vendor_type: kind, count, last_time: at }) => (
            <li key={kind}>
              <Link to={withQuery({ kind, state: 'Error', page: undefined })}>
                {words().failedOf(kindOf(kind), showCount(count))}
              </Link>{' '}
              <span class="quiet-text">
                {words().lastFailure} <TimeAgo at={at} />
              </span>
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}

const kindOptions = () =>
  Object.entries(kindsOfJobs())
    .map(([value, label]) => ({ value, label }))
    .sort((a, b) => a.label.localeCompare(b.label))

const stateOptions = () => states.map((value) => ({ value, label: system().states[value]! }))

const nameOf = ({ vendor_type: type, id }: Execution): string => words().of(kindOf(type), String(id))

/** The page of the kind where it has one, else the log. */
function placeOf({ id, vendor_type: type, vendor_id: of, job_id: job }: Execution): string {
  if (type === 'REPLICATION' && of > 0) return `/replication/${of}?run=${id}`
  if (type === 'GARBAGE_COLLECTION') return `/collection?run=${id}`
  if (type === 'PURGE_AUDIT_LOG') return `/collection?tab=audit&run=${id}`
  return job === undefined ? (runsOf[type] ?? '/jobs?tab=runs') : withQuery({ job })
}

function columnsOf(): Column<Execution>[] {
  return [
    {
      name: 'kind',
      title: words().kind,
      cell: (one) => (
        <Link class="name" to={placeOf(one)}>
          {nameOf(one)}
        </Link>
      ),
    },
    { name: 'state', title: words().state, cell: ({ status }) => <RunState state={status} /> },
    {
      name: 'message',
      title: words().message,
      hideBelow: 'medium',
      cell: ({ status_message: said }) => <span class="wrap-text quiet-text">{said === '' ? '–' : said}</span>,
    },
    {
      name: 'trigger',
      title: words().trigger,
      hideBelow: 'medium',
      cell: ({ trigger }) => system().triggers[trigger] ?? trigger,
    },
    {
      name: 'began',
      title: words().started,
      sort: 'start_time',
      hideBelow: 'small',
      cell: ({ start_time: at }) => <TimeAgo at={at} />,
    },
    {
      name: 'took',
      title: words().took,
      isNumber: true,
      hideBelow: 'medium',
      cell: ({ start_time: from, end_time: to }) =>
        to === undefined ? '–' : showDuration(Math.max(0, Date.parse(to) - Date.parse(from))),
    },
  ]
}
