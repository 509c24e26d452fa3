import { useState } from 'preact/hooks'
import { listTrash } from '../../../../api/trash.ts'
import type { PageProps } from '../../lib/page.ts'
import { isQ, likeQ } from '../../lib/q.ts'
import { showBytes } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { facetOf, SelectFacet } from '../../ui/facets.tsx'
import type { BulkAction } from '../../ui/grid-bulk.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { bringsOf, bytesOf, nameOf, restore, type Entry } from './entry.ts'
import { Restore } from './restore.tsx'
import { words } from './words.ts'

/** Deletions that can be taken back. */
export default function Trash({ params: { project } }: PageProps<'project'>) {
  const [asked, setAsked] = useState<Entry | undefined>(undefined)
  const kind = facetOf('kind')
  const q = (text?: string) =>
    [...(kind === '' ? [] : [isQ('kind', kind)]), ...(text ? [likeQ('repository_name', text)] : [])].join(',')
  return (
    <ProjectFrame name={project} tab="trash">
      {() => (
        <>
          <p class="tab-about">{words().about}</p>
          <DataGrid
            label={words().label}
            operation={listTrash}
            call={{ params: { project_name_or_id: project }, query: kind === '' ? {} : { q: q() } }}
            columns={columnsOf()}
            keyOf={(entry) => entry.id}
            nameOf={nameOf}
            filter={{ label: words().filter, toQuery: (text) => ({ q: q(text) }) }}
            facets={<SelectFacet name="kind" label={words().kind} any={words().anyKind} options={kindsOf()} />}
            isFiltered={kind !== ''}
            rowActions={(entry): MenuItem[] => [
              { label: words().restore, icon: 'refresh', run: () => setAsked(entry) },
            ]}
            bulk={[bulkRestore(project)]}
            empty={<EmptyState icon="trash" title={words().emptyTitle} children={words().emptyHint} />}
          />
          {asked && <Restore project={project} entry={asked} onClose={() => setAsked(undefined)} />}
        </>
      )}
    </ProjectFrame>
  )
}

const kindsOf = () =>
  (['tag', 'artifact', 'repository'] as const).map((one) => ({ value: one, label: words().kinds[one] }))

const bulkRestore = (project: string): BulkAction<Entry> => ({
  label: words().restore,
  icon: 'refresh',
  ask: (rows) => `${words().restoreMany(rows.length)} ${words().restoreMore}`,
  run: (entry) => restore(project, entry),
})

function columnsOf(): Column<Entry>[] {
  return [
    {
      name: 'what',
      title: words().what,
      cell: (entry) => (
        <span class="with-icon">
          <Badge>{words().kinds[entry.kind]}</Badge>
          <strong class="name">{nameOf(entry)}</strong>
        </span>
      ),
    },
    {
      name: 'brings',
      title: words().brings,
      hideBelow: 'medium',
      cell: (entry) => <span class="quiet-text">{bringsOf(entry)}</span>,
    },
    {
      name: 'size',
      title: words().size,
      isNumber: true,
      hideBelow: 'small',
      cell: (entry) => <span title={bytesOf(entry)}>{showBytes(entry.size ?? 0)}</span>,
    },
    {
      name: 'deleted',
      title: words().deleted,
      sort: 'deletion_time',
      hideBelow: 'small',
      cell: ({ deletion_time: at, deleted_by: by }) => (
        <>
          <TimeAgo at={at} /> <span class="quiet-text">{words().by(by)}</span>
        </>
      ),
    },
    { name: 'until', title: words().until, cell: ({ expiration_time: at }) => <TimeAgo at={at} /> },
  ]
}
