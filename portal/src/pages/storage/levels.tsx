import type { AnswerOf } from '../../../../api/operation.ts'
import { listProjectUsage, listRepositoryUsage } from '../../../../api/usage.ts'
import { artifactPlace, projectPlace, repositoryPlace } from '../../lib/places.ts'
import { registryHost } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { shortDigest } from '../../lib/format.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { bytesColumns, freesColumn, levelPlace, Map, SortChoice, sortOf } from './parts.tsx'
import { words } from './words.ts'

type OfProject = AnswerOf<typeof listProjectUsage>[number]
type OfRepository = AnswerOf<typeof listRepositoryUsage>[number]

type ProjectProps = {
  project: string
  /** Where a repository's artifacts are shown; the explorer of the whole system when left out. */
  placeOf?(repository: string): string
}

/** The repositories of a project. */
export function ProjectLevel({ project, placeOf }: ProjectProps) {
  const linkTo = ({ name }: OfProject) => placeOf?.(name) ?? levelPlace(project, name)
  const sorts = ['-size', '-exclusive', 'name'] as const
  const call = { params: { project_name: project }, query: { sort: sortOf(sorts) } }
  return (
    <>
      <Map operation={listProjectUsage} call={call} nameOf={({ name }) => name} linkOf={linkTo} />
      <DataGrid
        label={words().repositories}
        operation={listProjectUsage}
        call={call}
        columns={repositoryColumns(linkTo)}
        keyOf={(one) => one.repository_id}
        nameOf={(one) => one.name}
        linkTo={linkTo}
        facets={
          <>
            <SortChoice sorts={sorts} />
            {!placeOf && <Link to={projectPlace(project)}>{words().open}</Link>}
          </>
        }
        empty={
          <EmptyState
            icon="database"
            title={words().empty}
            commands={`docker push ${registryHost.value}/${project}/my-image:1.0`}
          >
            {words().emptyHint}
          </EmptyState>
        }
      />
    </>
  )
}

function repositoryColumns(linkTo: (one: OfProject) => string): Column<OfProject>[] {
  return [
    {
      name: 'name',
      title: words().name,
      cell: (one) => (
        <Link class="name" to={linkTo(one)}>
          {one.name}
        </Link>
      ),
    },
    ...bytesColumns<OfProject>(),
    freesColumn<OfProject>(),
    {
      name: 'artifacts',
      title: words().artifacts,
      isNumber: true,
      hideBelow: 'medium',
      cell: ({ artifacts }) => showCount(artifacts),
    },
  ]
}

/** The artifacts of a repository, with their tags. */
export function ArtifactLevel({ project, repository }: { project: string; repository: string }) {
  const sorts = ['-size', '-push_time'] as const
  const call = { params: { project_name: project }, query: { repository, sort: sortOf(sorts) } }
  const placeOf = ({ digest }: OfRepository) => artifactPlace(project, repository, digest)
  return (
    <>
      <Map operation={listRepositoryUsage} call={call} nameOf={nameOf} linkOf={placeOf} />
      <DataGrid
        label={words().artifacts}
        operation={listRepositoryUsage}
        call={call}
        columns={artifactColumns(placeOf)}
        keyOf={(one) => one.digest}
        nameOf={nameOf}
        linkTo={placeOf}
        facets={
          <>
            <SortChoice sorts={sorts} />
            <Link to={repositoryPlace(project, repository)}>{words().open}</Link>
          </>
        }
        empty={<EmptyState icon="database" title={words().emptyRepository} />}
      />
    </>
  )
}

const nameOf = ({ tags, digest }: OfRepository): string => tags.slice(0, 3).join(', ') || shortDigest(digest)

function artifactColumns(placeOf: (one: OfRepository) => string): Column<OfRepository>[] {
  return [
    {
      name: 'tags',
      title: words().tags,
      cell: (one) => (
        <span class="two-lines">
          <Link class="name" to={placeOf(one)}>
            {one.tags.length > 0 ? one.tags.slice(0, 5).join(', ') : words().noTag}{' '}
            {one.tag_count > 5 && words().andMore(one.tag_count - 5)}
          </Link>
          <code class="quiet-text">{shortDigest(one.digest)}</code>
        </span>
      ),
    },
    { name: 'type', title: words().type, hideBelow: 'medium', cell: ({ type }) => <Badge>{type}</Badge> },
    ...bytesColumns<OfRepository>(),
    freesColumn<OfRepository>(),
    {
      name: 'pushed',
      title: words().pushed,
      hideBelow: 'small',
      cell: ({ push_time: at }) => <TimeAgo at={at} />,
    },
  ]
}
