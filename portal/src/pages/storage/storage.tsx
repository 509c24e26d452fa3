import { getVolumes } from '../../../../api/system.ts'
import { listSystemUsage } from '../../../../api/usage.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { query } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { registryHost } from '../../lib/session.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { Meter } from '../../ui/charts.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { Figures } from '../../ui/figures.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { StorageCheck } from './check.tsx'
import { ArtifactLevel, ProjectLevel } from './levels.tsx'
import { bytesColumns, levelPlace, Map, SortChoice, sortOf } from './parts.tsx'
import { StorageTabs } from './tabs.tsx'
import { words } from './words.ts'

type Used = AnswerOf<typeof listSystemUsage>[number]

/** What takes the storage: projects, their repositories, and the artifacts of one. */
export default function Storage() {
  const project = query.value.get('project')
  const repository = query.value.get('repository')
  return (
    <>
      <PageHeader
        title={repository ?? project ?? words().title}
        path={[
          ...(project === null ? [] : [{ to: '/storage', label: words().title }]),
          ...(project === null || repository === null ? [] : [{ to: levelPlace(project), label: project }]),
        ]}
        about={project === null ? words().about : words().explain}
      />
      {project === null && <StorageTabs current="/storage" />}
      {project === null ? (
        <SystemLevel />
      ) : repository === null ? (
        <ProjectLevel project={project} />
      ) : (
        <ArtifactLevel project={project} repository={repository} />
      )}
    </>
  )
}

function SystemLevel() {
  const { data } = useApi(getVolumes, {})
  const disk = data?.storage[0]
  const sort = sortOf(['-size', '-exclusive', 'name'])
  return (
    <>
      {disk && disk.total > 0 && <Disk {...disk} />}
      <Map
        operation={listSystemUsage}
        call={{ query: { sort } }}
        nameOf={nameOf}
        linkOf={(one) => (one.kind === 'project' ? levelPlace(one.name) : undefined)}
      />
      <DataGrid
        label={words().usage}
        operation={listSystemUsage}
        call={{ query: { sort } }}
        columns={columnsOf()}
        keyOf={(one) => `${one.kind} ${one.name}`}
        nameOf={nameOf}
        linkTo={(one) => (one.kind === 'project' ? levelPlace(one.name) : '/storage')}
        facets={<SortChoice sorts={['-size', '-exclusive', 'name']} />}
        empty={
          <EmptyState
            icon="database"
            title={words().empty}
            commands={`docker push ${registryHost.value}/library/my-image:1.0`}
          >
            {words().emptyHint}
          </EmptyState>
        }
      />
      <StorageCheck />
    </>
  )
}

function Disk({ total, free }: { total: number; free: number }) {
  const text = words().diskText(showBytes(total - free), showBytes(total), showBytes(free))
  return (
    <Figures
      figures={[
        { label: words().disk, value: <Meter label={words().disk} used={total - free} limit={total} text={text} /> },
      ]}
    />
  )
}

const nameOf = ({ kind, name }: Used): string => words().kinds[kind] ?? name

function columnsOf(): Column<Used>[] {
  return [
    {
      name: 'name',
      title: words().name,
      cell: (one) =>
        one.kind === 'project' ? (
          <Link class="name" to={levelPlace(one.name)}>
            {one.name}
          </Link>
        ) : (
          <span class="two-lines">
            <em>{nameOf(one)}</em>
            <span class="quiet-text">{words().kindHints[one.kind]}</span>
          </span>
        ),
    },
    ...bytesColumns<Used>(),
    {
      name: 'repositories',
      title: words().repositories,
      isNumber: true,
      hideBelow: 'medium',
      cell: ({ repositories }) => (repositories === undefined ? '–' : showCount(repositories)),
    },
    {
      name: 'quota',
      title: words().quota,
      hideBelow: 'medium',
      cell: ({ kind, size, limit = -1 }) =>
        kind !== 'project' ? (
          '–'
        ) : limit < 0 ? (
          <span class="quiet-text">{words().noLimit}</span>
        ) : (
          <Meter label={words().quota} used={size} limit={limit} text={words().of(showBytes(size), showBytes(limit))} />
        ),
    },
  ]
}
