import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteArtifact, listArtifacts } from '../../../../api/artifacts.ts'
import { send } from '../../lib/api.ts'
import { shortDigest } from '../../lib/format.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { artifactPlace, comparePlace } from '../../lib/places.ts'
import { user } from '../../lib/session.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { platformsOfArtifact } from '../../lib/platforms.ts'
import { useArtifactActions } from '../../ui/artifact-actions.tsx'
import { forgetArtifacts } from '../../ui/artifact-target.ts'
import { Belongings, Labels, Platforms, TagNames } from '../../ui/artifact-marks.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { BulkAction } from '../../ui/grid-bulk.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { Select } from '../../ui/select.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { pushCommands } from '../../ui/push-help.tsx'
import type { InRepository } from './in-repository.ts'
import { KindOf } from './tags.tsx'
import { words } from './words.ts'

type Row = AnswerOf<typeof listArtifacts>[number]

/** Every artifact that is not a part of another one, with its tags or without any. */
export function ArtifactRows({ project, can, repository, name }: InRepository) {
  const actions = useArtifactActions(can)
  const place = { projectId: project.project_id, project: project.name, repository: name }
  const linkTo = ({ digest }: Row) => artifactPlace(project.name, name, digest)
  const tagged = query.value.get('tagged') ?? ''
  const q = tagged === 'yes' ? { q: 'tags=*' } : tagged === 'no' ? { q: 'tags=nil' } : {}
  return (
    <>
      <DataGrid
        label={words().artifacts}
        operation={listArtifacts}
        call={{
          params: { project_name: project.name, repository_name: name },
          query: { with_tag: true, with_label: true, with_accessory: true, ...q },
        }}
        columns={columnsOf(linkTo)}
        keyOf={({ id }) => id}
        nameOf={({ digest }) => shortDigest(digest)}
        linkTo={linkTo}
        facets={<Tagged value={tagged} />}
        isFiltered={tagged !== ''}
        defaultSort="-push_time"
        {...(user.value ? { rowActions: ({ digest }: Row) => actions.items({ ...place, digest }) } : {})}
        bulk={can('artifact', 'delete') ? [deletion(project.name, name)] : []}
        bulkLinks={[
          {
            label: words().compare,
            icon: 'columns',
            hint: words().compareHint,
            linkOf: ([a, b, ...more]: Row[]) =>
              a && b && more.length === 0 ? comparePlace(project.name, name, a.digest, b.digest) : undefined,
          },
        ]}
        empty={
          <EmptyState icon="box" title={words().noArtifact} commands={pushCommands(repository.name)}>
            {words().push}
          </EmptyState>
        }
      />
      {actions.dialog}
    </>
  )
}

const deletion = (project: string, repository: string): BulkAction<Row> => ({
  label: words().deleteMany,
  icon: 'trash',
  isDanger: true,
  ask: (rows) => `${words().deleteAsk(rows.length)} ${words().deleteHint}`,
  run: async ({ digest }) => {
    const params = { project_name: project, repository_name: repository, reference: digest }
    await send(deleteArtifact, { params })
  },
  onDone: forgetArtifacts,
})

function columnsOf(linkTo: (row: Row) => string): Column<Row>[] {
  return [
    {
      name: 'digest',
      title: words().digest,
      cell: (row) => <DigestLink digest={row.digest} to={linkTo(row)} />,
    },
    { name: 'tags', title: words().tagged, cell: ({ tags = [] }) => <TagNames names={tags.map((one) => one.name)} /> },
    {
      name: 'platforms',
      title: words().platforms,
      hideBelow: 'small',
      cell: (row) => {
        const all = platformsOfArtifact(row)
        return all.length > 0 ? <Platforms all={all} /> : <KindOf type={row.type} />
      },
    },
    { name: 'size', title: words().size, sort: 'size', isNumber: true, cell: ({ size }) => showBytes(size) },
    {
      name: 'signed',
      title: words().belongs,
      hideBelow: 'medium',
      cell: ({ accessories = [], labels = [] }) => (
        <>
          <Belongings types={accessories.map(({ type }) => type)} /> <Labels labels={labels} />
        </>
      ),
    },
    {
      name: 'pushed',
      title: words().pushed,
      sort: 'push_time',
      hideBelow: 'small',
      cell: ({ push_time: at }) => <TimeAgo at={at} />,
    },
    {
      name: 'pulls',
      title: words().pulls,
      sort: 'pull_count',
      isNumber: true,
      hideBelow: 'medium',
      cell: ({ pull_count: count }) => showCount(count),
    },
  ]
}

function DigestLink({ digest, to }: { digest: string; to: string }) {
  return (
    <span class="tag-name">
      <Link to={to} class="name">
        <code>{shortDigest(digest)}</code>
      </Link>
      <CopyButton text={digest} />
    </span>
  )
}

function Tagged({ value }: { value: string }) {
  return (
    <Select
      aria-label={words().tagged}
      value={value}
      options={[
        { value: '', label: words().all },
        { value: 'yes', label: words().withTag },
        { value: 'no', label: words().withoutTag },
      ]}
      onPick={(tagged) => changeQuery({ tagged, page: undefined })}
    />
  )
}
