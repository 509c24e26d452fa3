import { useState } from 'preact/hooks'
import { listProxyCacheTags } from '../../../../api/proxy-cache.ts'
import { artifactPlace } from '../../lib/places.ts'
import { showBytes } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { facetOf, SelectFacet, TextFacet } from '../../ui/facets.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { Link } from '../../ui/link.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { ForgetTag, forgetTag, refresh } from './dialogs.tsx'
import { Guide } from './how-to.tsx'
import { forgetCache, imageOf, type CachedTag, type InCache } from './in-cache.ts'
import { words } from './words.ts'

/** The tags that were pulled: what is here, since when, and what the next pull does. */
export function TagList(here: InCache) {
  const { project, can } = here
  const [doomed, setDoomed] = useState<CachedTag | undefined>(undefined)
  const repository = facetOf('repository')
  const isGone = facetOf('state') === 'gone'
  return (
    <>
      <DataGrid
        label={words().list}
        operation={listProxyCacheTags}
        call={{
          params: { project_name_or_id: project.name },
          query: { ...(repository === '' ? {} : { repository }), ...(isGone ? { gone: true } : {}) },
        }}
        columns={columnsOf(project.name)}
        keyOf={imageOf}
        nameOf={imageOf}
        linkTo={(row) => artifactPlace(project.name, row.repository, row.tag)}
        facets={<Facets />}
        isFiltered={repository !== '' || isGone}
        {...(can('artifact', 'create') ? { rowActions: (row: CachedTag) => actionsOf(here, row, setDoomed) } : {})}
        {...(can('artifact', 'delete') ? { bulk: [bulkForget(here)] } : {})}
        empty={
          <>
            <EmptyState icon="download" title={words().empty}>
              {words().emptyHint}
            </EmptyState>
            <Guide {...here} />
          </>
        }
      />
      {doomed && <ForgetTag {...here} row={doomed} onClose={() => setDoomed(undefined)} />}
    </>
  )
}

const Facets = () => (
  <>
    <TextFacet name="repository" label={words().wholeName} />
    <SelectFacet
      name="state"
      label={words().anyState}
      any={words().anyState}
      options={[{ value: 'gone', label: words().onlyGone }]}
    />
  </>
)

function actionsOf({ project, can }: InCache, row: CachedTag, ask: (row: CachedTag) => void): MenuItem[] {
  const { repository, tag } = row
  return [
    {
      label: words().refresh,
      icon: 'refresh',
      run: () => attempt(() => refresh(project.name, { repository, tag })),
    },
    ...(can('artifact', 'delete')
      ? [{ label: words().forget, icon: 'trash' as const, isDanger: true, run: () => ask(row) }]
      : []),
  ]
}

const bulkForget = ({ project }: InCache) => ({
  label: words().forget,
  icon: 'trash' as const,
  isDanger: true,
  ask: (rows: CachedTag[]) => words().forgetMany(rows.length),
  run: (row: CachedTag) => forgetTag(project.name, row),
  onDone: () => forgetCache(project.name),
})

function columnsOf(project: string): Column<CachedTag>[] {
  return [
    {
      name: 'image',
      title: words().tag,
      cell: (row) =>
        row.is_stored ? (
          <Link class="name" to={artifactPlace(project, row.repository, row.tag)}>
            {imageOf(row)}
          </Link>
        ) : (
          <span class="name">{imageOf(row)}</span>
        ),
    },
    { name: 'state', title: words().state, cell: (row) => <TagState row={row} /> },
    {
      name: 'size',
      title: words().size,
      isNumber: true,
      hideBelow: 'small',
      cell: ({ size }) => (size === undefined ? '–' : showBytes(size)),
    },
    { name: 'since', title: words().here, hideBelow: 'small', cell: ({ push_time: at }) => <TimeAgo at={at} /> },
    { name: 'pulled', title: words().pulled, hideBelow: 'medium', cell: ({ pull_time: at }) => <TimeAgo at={at} /> },
    { name: 'checked', title: words().checked, hideBelow: 'medium', cell: ({ check_time: at }) => <TimeAgo at={at} /> },
  ]
}

/** What the next pull of the tag does; and whether all of it is here. */
function TagState({ row: { gone_time: gone, freshness, is_stored: isStored } }: { row: CachedTag }) {
  const states = words().states
  const hints = words().stateHints
  return (
    <span class="row">
      {gone !== undefined ? (
        <span title={hints.gone}>
          <Badge tone="bad">{states.gone}</Badge>
        </span>
      ) : (
        <span title={hints[freshness]}>
          <Badge tone={freshness === 'due' ? 'warn' : 'good'}>{states[freshness]}</Badge>
        </span>
      )}
      {!isStored && (
        <span title={hints.partly}>
          <Badge>{states.partly}</Badge>
        </span>
      )}
    </span>
  )
}
