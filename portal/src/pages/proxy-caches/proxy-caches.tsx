import type { AnswerOf } from '../../../../api/operation.ts'
import { listProxyCaches } from '../../../../api/proxy-cache.ts'
import { cachePlace } from '../../lib/places.ts'
import { likeQ } from '../../lib/q.ts'
import { showBytes, showCount, showShare } from '../../lib/show.ts'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { UpstreamState } from '../../ui/upstream-state.tsx'
import { words } from './words.ts'

type Cache = AnswerOf<typeof listProxyCaches>[number]

/** How often the figures are asked again, in ms: pulls are told by no event. */
const figuresMs = 10_000

/** The projects that cache another registry, and what each has spared. */
export default function ProxyCaches() {
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      <DataGrid
        label={words().title}
        operation={listProxyCaches}
        columns={columnsOf()}
        keyOf={(one) => one.project_id}
        nameOf={(one) => one.project}
        linkTo={(one) => cachePlace(one.project)}
        filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('project', text) }) }}
        defaultSort="-saved_bytes"
        everyMs={figuresMs}
        empty={
          <EmptyState icon="download" title={words().none} action={<Link to="/projects">{words().toProjects}</Link>}>
            {words().noneHint}
          </EmptyState>
        }
      />
    </>
  )
}

function shareOf({ hits, misses, stale }: Cache): string {
  const pulls = hits + misses + stale
  return pulls === 0 ? '–' : showShare((hits + stale) / pulls)
}

function columnsOf(): Column<Cache>[] {
  return [
    {
      name: 'project',
      title: words().project,
      sort: 'project',
      cell: (one) => (
        <Link class="name" to={cachePlace(one.project)}>
          {one.project}
        </Link>
      ),
    },
    {
      name: 'registry',
      title: words().registry,
      sort: 'registry',
      hideBelow: 'small',
      cell: ({ registry: { name, type } }) => (
        <>
          {name} <span class="quiet-text">({type})</span>
        </>
      ),
    },
    {
      name: 'state',
      title: words().state,
      cell: ({ registry, is_paused: isPaused, trouble }) => (
        <span title={trouble?.message}>
          <UpstreamState status={registry.status} isPaused={isPaused} />
        </span>
      ),
    },
    {
      name: 'share',
      title: words().share,
      isNumber: true,
      cell: (one) => <span title={words().shareHint}>{shareOf(one)}</span>,
    },
    count('hits', words().hits),
    count('misses', words().misses),
    count('stale', words().stale),
    { ...bytes('saved_bytes', words().saved), canHide: false },
    { ...bytes('fetched_bytes', words().fetched), hideBelow: 'medium' },
  ]
}

const bytes = (name: 'saved_bytes' | 'fetched_bytes', title: string): Column<Cache> => ({
  name,
  title,
  sort: name,
  isNumber: true,
  cell: (one) => showBytes(one[name]),
})

const count = (name: 'hits' | 'misses' | 'stale', title: string): Column<Cache> => ({
  name,
  title,
  sort: name,
  isNumber: true,
  hideBelow: 'medium',
  cell: (one) => showCount(one[name]),
})
