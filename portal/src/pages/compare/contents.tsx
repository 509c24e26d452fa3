import { comparePackages } from '../../../../api/packages.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { severityWords } from '../../i18n/severity.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { Severity } from '../../ui/severities.tsx'
import { words } from './words.ts'

type Sides = { project: string; repository: string; before: string; after: string }
type Compared = AnswerOf<typeof comparePackages>

/** Packages and vulnerabilities of two images, once somebody asks: both have to be looked into before. */
export function Contents(sides: Sides) {
  const isAsked = query.value.get('packages') === 'yes'
  return (
    <section class="part">
      <h2>{words().contents}</h2>
      {isAsked ? (
        <Found {...sides} />
      ) : (
        <div class="card">
          <p class="quiet-text">{words().contentsHint}</p>
          <Button class="below" icon="box" onClick={() => changeQuery({ packages: 'yes' }, { replace: false })}>
            {words().compareContents}
          </Button>
        </div>
      )}
    </section>
  )
}

function Found({ project, repository, before, after }: Sides) {
  const params = { project_name: project, repository_name: repository, reference: before }
  const { data, error, refresh } = useApi(comparePackages, { params, query: { with: after } })
  // One of them was not looked into yet: the answer says which, and what to do.
  if (error?.status === 412) return <p class="note info">{error.message}</p>
  if (error && !data) return <ErrorState error={error} onRetry={refresh} />
  if (!data) return <div class="page-loading" aria-busy="true" />
  const { packages, fixed, added } = data
  return (
    <>
      <Vulnerabilities title={words().came(added.length)} rows={added} />
      <Vulnerabilities title={words().went(fixed.length)} rows={fixed} />
      <Listed
        title={words().packages(packages.length)}
        columns={packageColumns()}
        rows={packages}
        keyOf={({ type, name }) => `${type} ${name}`}
      />
    </>
  )
}

function Vulnerabilities({ title, rows }: { title: string; rows: Compared['added'] }) {
  return (
    <Listed title={title} columns={findingColumns()} rows={rows} keyOf={({ id, package: name }) => `${id} ${name}`} />
  )
}

type ListedProps<Row> = { title: string; columns: Column<Row>[]; rows: readonly Row[]; keyOf(row: Row): string }

/** A table below its title; of nothing, the title says enough. */
function Listed<Row>({ title, ...table }: ListedProps<Row>) {
  if (table.rows.length === 0) return <p class="quiet-text">{title}.</p>
  return (
    <>
      <h3>{title}</h3>
      <PlainTable label={title} {...table} />
    </>
  )
}

const findingColumns = (): Column<Compared['added'][number]>[] => [
  { name: 'cve', title: severityWords().cve, cell: ({ id }) => <code class="wrap-text">{id}</code> },
  { name: 'severity', title: severityWords().severity, cell: ({ severity }) => <Severity of={severity} /> },
  {
    name: 'package',
    title: severityWords().package,
    cell: ({ package: name }) => <span class="wrap-text">{name}</span>,
  },
]

const packageColumns = (): Column<Compared['packages'][number]>[] => [
  { name: 'name', title: severityWords().package, cell: ({ name }) => <code class="wrap-text">{name}</code> },
  { name: 'type', title: words().kind, hideBelow: 'small', cell: ({ type }) => type },
  {
    name: 'before',
    title: words().before,
    cell: ({ before }) => <code class="wrap-text">{before.join(', ') || '–'}</code>,
  },
  {
    name: 'after',
    title: words().after,
    cell: ({ after }) => <code class="wrap-text">{after.join(', ') || '–'}</code>,
  },
]
