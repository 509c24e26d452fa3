import { useState } from 'preact/hooks'
import type { listAuditLogExts, listProjectLogExts } from '../../../../api/audit.ts'
import { shortDigest } from '../../lib/format.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DateFacet, facetOf, SelectFacet, TextFacet } from '../../ui/facets.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { auditQ, filters, placeOf, type Entry } from './entry.ts'
import { EntryDrawer } from './entry-drawer.tsx'
import { typeName, words } from './words.ts'

export type Log = {
  operation: typeof listAuditLogExts | typeof listProjectLogExts
  params?: Record<string, string>
}

/** The audit log, filtered as the address says. */
export function ActivityList({ operation, params }: Log) {
  const [open, setOpen] = useState<Entry | undefined>(undefined)
  const q = auditQ('')
  const isFiltered = filters.some((name) => facetOf(name) !== '')
  const clear = () => changeQuery(Object.fromEntries([...filters, 'q', 'page'].map((name) => [name, undefined])))
  return (
    <>
      <DataGrid
        label={words().title}
        operation={operation as typeof listAuditLogExts}
        call={{ ...(params && { params }), query: q === '' ? {} : { q } }}
        columns={columnsOf(setOpen)}
        keyOf={(entry) => entry.id}
        nameOf={(entry) => entry.operation_description}
        filter={{ label: words().filter, toQuery: (text) => ({ q: auditQ(text) }) }}
        facets={<Facets onClear={isFiltered || query.value.has('q') ? clear : undefined} />}
        isFiltered={isFiltered}
        defaultSort="-op_time"
        empty={<EmptyState icon="activity" title={words().emptyTitle} children={words().emptyHint} />}
      />
      {open && <EntryDrawer entry={open} onClose={() => setOpen(undefined)} />}
    </>
  )
}

const types = [
  'artifact',
  'tag',
  'repository',
  'project',
  'member',
  'role',
  'role_binding',
  'robot',
  'label',
  'user',
  'webhook_policy',
  'immutable_rule',
  'tag_protection',
  'retention',
  'configuration',
]

function Facets({ onClear }: { onClear: (() => void) | undefined }) {
  const operations = Object.entries(words().operations).map(([value, label]) => ({ value, label }))
  return (
    <>
      <TextFacet name="who" label={words().who} />
      <SelectFacet
        name="op"
        label={words().operation}
        any={words().anyOperation}
        options={operations.filter((one) => one.value !== 'execute')}
      />
      <SelectFacet
        name="what"
        label={words().type}
        any={words().anyType}
        options={types.map((one) => ({ value: one, label: typeName(one) }))}
      />
      <SelectFacet
        name="ok"
        label={words().result}
        any={words().anyResult}
        options={[
          { value: 'true', label: words().succeeded },
          { value: 'false', label: words().refused },
        ]}
      />
      <DateFacet name="from" label={words().from} />
      <DateFacet name="to" label={words().to} />
      {onClear && (
        <Button tone="quiet" icon="close" onClick={onClear}>
          {words().clear}
        </Button>
      )}
    </>
  )
}

function columnsOf(open: (entry: Entry) => void): Column<Entry>[] {
  return [
    { name: 'when', title: words().when, sort: 'op_time', cell: (entry) => <When entry={entry} open={open} /> },
    { name: 'who', title: words().who, cell: ({ username }) => <strong class="audit-who">{username}</strong> },
    {
      name: 'did',
      title: words().did,
      cell: ({ operation, operation_result: isDone }) => (
        <span class="with-icon">
          {words().operations[operation] ?? operation}
          {!isDone && <Badge tone="bad">{words().refused}</Badge>}
        </span>
      ),
    },
    { name: 'what', title: words().what, cell: (entry) => <Target entry={entry} /> },
  ]
}

function When({ entry, open }: { entry: Entry; open(entry: Entry): void }) {
  return (
    <button type="button" class="link-button" onClick={() => open(entry)}>
      <TimeAgo at={entry.op_time} />
      <span class="only-read">
        {' '}
        {words().details}: {entry.operation_description}
      </span>
    </button>
  )
}

/** A digest in the name by its first digits. */
const shortResource = (name: string): string => name.replace(/sha\d+:[0-9a-f]{40,}/, shortDigest)

function Target({ entry }: { entry: Entry }) {
  const place = placeOf(entry)
  return (
    <span class="audit-target">
      <span class="quiet-text">{typeName(entry.resource_type)}</span>{' '}
      {place === undefined ? (
        <span class="wrap-text" title={entry.resource}>
          {shortResource(entry.resource)}
        </span>
      ) : (
        <Link to={place} class="name" title={entry.resource}>
          {shortResource(entry.resource)}
        </Link>
      )}
    </span>
  )
}
