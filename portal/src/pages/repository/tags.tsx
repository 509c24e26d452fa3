import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteTag } from '../../../../api/artifacts.ts'
import { listRepositoryTags } from '../../../../api/tags.ts'
import { send } from '../../lib/api.ts'
import { withQuery } from '../../lib/location.ts'
import { artifactPlace, comparePlace } from '../../lib/places.ts'
import { likeQ } from '../../lib/q.ts'
import { registryHost, user } from '../../lib/session.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { useArtifactActions } from '../../ui/artifact-actions.tsx'
import { forgetArtifacts } from '../../ui/artifact-target.ts'
import { Belongings, Labels, Platforms } from '../../ui/artifact-marks.tsx'
import { Badge } from '../../ui/badge.tsx'
import { CopyButton, Digest } from '../../ui/copy.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { BulkAction } from '../../ui/grid-bulk.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import type { InRepository } from './in-repository.ts'
import { words } from './words.ts'

type Row = AnswerOf<typeof listRepositoryTags>[number]

/** Tags as rows, each with what it names. */
export function TagRows({ project, can, repository, name }: InRepository) {
  const actions = useArtifactActions(can)
  const place = { projectId: project.project_id, project: project.name, repository: name }
  const linkTo = ({ digest, name: tag }: Row) => `${artifactPlace(project.name, name, digest)}?tag=${tag}`
  return (
    <>
      <DataGrid
        label={words().tags}
        operation={listRepositoryTags}
        call={{ params: { project_name: project.name }, query: { repository: name } }}
        columns={columnsOf(repository.name, linkTo)}
        keyOf={({ id }) => id}
        nameOf={(row) => row.name}
        linkTo={linkTo}
        filter={{ label: words().filterTags, toQuery: (text) => ({ q: likeQ('name', text) }) }}
        defaultSort="-push_time"
        {...(user.value
          ? {
              rowActions: ({ digest, name: tag, immutable }: Row) =>
                actions.items({ ...place, digest, tag, isImmutable: immutable }),
            }
          : {})}
        bulk={can('tag', 'delete') ? [untag(project.name, name)] : []}
        bulkLinks={[
          {
            label: words().compare,
            icon: 'columns',
            hint: words().compareHint,
            linkOf: ([a, b, ...more]: Row[]) =>
              a && b && more.length === 0 ? comparePlace(project.name, name, a.name, b.name) : undefined,
          },
        ]}
        empty={<NoTag />}
      />
      {actions.dialog}
    </>
  )
}

const untag = (project: string, repository: string): BulkAction<Row> => ({
  label: words().untagMany,
  icon: 'close',
  isDanger: true,
  ask: (rows) => `${words().untagAsk(rows.length)} ${words().untagHint}`,
  run: async ({ digest, name }) => {
    const params = { project_name: project, repository_name: repository, reference: digest, tag_name: name }
    await send(deleteTag, { params })
  },
  onDone: forgetArtifacts,
})

function columnsOf(repository: string, linkTo: (row: Row) => string): Column<Row>[] {
  return [
    {
      name: 'tag',
      title: words().tag,
      sort: 'name',
      cell: (row) => <TagName row={row} repository={repository} to={linkTo(row)} />,
    },
    { name: 'digest', title: words().digest, hideBelow: 'medium', cell: ({ digest }) => <Digest value={digest} /> },
    {
      name: 'platforms',
      title: words().platforms,
      hideBelow: 'small',
      cell: ({ platforms, type }) => (platforms.length > 0 ? <Platforms all={platforms} /> : <KindOf type={type} />),
    },
    { name: 'size', title: words().size, isNumber: true, cell: ({ size }) => showBytes(size) },
    {
      name: 'signed',
      title: words().belongs,
      hideBelow: 'medium',
      cell: ({ accessories }) => <Belongings types={accessories} />,
    },
    {
      name: 'pushed',
      title: words().pushed,
      sort: 'push_time',
      hideBelow: 'small',
      cell: ({ push_time: at }) => <TimeAgo at={at} />,
    },
    {
      name: 'pulled',
      title: words().pulled,
      sort: 'pull_time',
      hideBelow: 'medium',
      cell: ({ pull_time: at }) => <TimeAgo at={at} />,
    },
    {
      name: 'pulls',
      title: words().pulls,
      sort: 'pull_count',
      isNumber: true,
      hideBelow: 'small',
      cell: ({ pull_count: count }) => showCount(count),
    },
  ]
}

/** Images say what they are by their platforms; anything else by its type. */
export const KindOf = ({ type }: { type: string }) => <Badge>{type.toLowerCase()}</Badge>

function TagName({ row, repository, to }: { row: Row; repository: string; to: string }) {
  const reference = `${registryHost.value}/${repository}:${row.name}`
  return (
    <span class="tag-name">
      <Link to={to} class="name">
        {row.name}
      </Link>
      <CopyButton text={reference} label={words().copyReference(reference)} />
      {row.immutable && <Badge icon="lock">{words().immutable}</Badge>}
      <Labels labels={row.labels} />
    </span>
  )
}

function NoTag() {
  return (
    <EmptyState
      icon="tag"
      title={words().noTag}
      action={
        <Link class="button" to={withQuery({ tab: 'artifacts' })}>
          {words().seeArtifacts}
        </Link>
      }
    >
      {words().noTagHint}
    </EmptyState>
  )
}
