import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'
import type { CallOf } from '../../../api/client.ts'
import type { AnswerOf, Operation } from '../../../api/operation.ts'
import { common } from '../i18n/common.ts'
import { navigate } from '../lib/location.ts'
import { useApi, type Found } from '../lib/query.ts'
import { Button } from './button.tsx'
import { BulkBar, type BulkAction, type BulkLink } from './grid-bulk.tsx'
import { onGridKey } from './grid-keys.ts'
import { GridFilter, Pager, SortableHead } from './grid-parts.tsx'
import { readGridState, type GridState } from './grid-state.ts'
import { Icon } from './icon.tsx'
import { Menu, type MenuItem } from './menu.tsx'
import { ErrorState } from './problem.tsx'

export type Column<Row> = {
  /** By which the address names it. */
  name: string
  title: string
  cell(row: Row): ComponentChildren
  /** The field by which the API sorts, where it does. */
  sort?: string
  /** Numbers stand at the right. */
  isNumber?: boolean
  /** Left out in windows narrower than about 900 (`medium`) or 600 pixels (`small`). */
  hideBelow?: 'small' | 'medium'
  /** Readers may hide it; the first column always stays. */
  canHide?: boolean
}

export type RowOf<O> = AnswerOf<O> extends (infer Row)[] ? Row : never
type QueryOfCall = Record<string, string | number | boolean | undefined>

export type GridProps<O extends Operation> = {
  /** What the rows are: the table's name. */
  label: string
  operation: O
  /** Parameters of the path and query that stay the same. */
  call?: { params?: Record<string, string | number>; query?: QueryOfCall }
  columns: Column<RowOf<O>>[]
  /** What tells rows apart, and what a row is called. */
  keyOf(row: RowOf<O>): string | number
  nameOf(row: RowOf<O>): string
  /** Where Enter leads. */
  linkTo?(row: RowOf<O>): string
  /** The filter's label, and the query for what is typed. */
  filter?: { label: string; toQuery(text: string): QueryOfCall }
  /** More filters, which keep their values in the address themselves. `isFiltered`: one of them is in use. */
  facets?: ComponentChildren
  isFiltered?: boolean
  defaultSort?: string
  rowActions?(row: RowOf<O>): MenuItem[]
  /** What can be done with selected rows; rows can be selected where it is given, even when it is empty. */
  bulk?: BulkAction<RowOf<O>>[]
  bulkLinks?: BulkLink<RowOf<O>>[]
  /** Shown when there is nothing at all. */
  empty: ComponentChildren
  /** Tells two grids of a page apart in the address. */
  prefix?: string
  /** Asks again after each pause of so many ms. */
  everyMs?: number
}

/**
 * A list of the API, page by page: filter, order, page and columns in the address; loading, empty, no match and errors;
 * selection and actions; keys j, k, Enter, x and / while the focus is in it.
 */
export function DataGrid<const O extends Operation>(props: GridProps<O>) {
  const { operation, call, columns, filter, defaultSort, prefix = '', everyMs } = props
  const state = readGridState(prefix, defaultSort)
  const query = {
    ...call?.query,
    ...(filter && state.filter !== '' ? filter.toQuery(state.filter) : {}),
    ...(state.sort === undefined ? {} : { sort: state.sort }),
    page_size: state.size,
    ...state.paging,
  }
  const found = useApi<O>(operation, { ...call, query } as unknown as CallOf<O>, { everyMs }) as unknown as Found<
    RowOf<O>[]
  >
  const shown = columns.filter((one) => !state.hidden.has(one.name))
  const isFiltered = state.filter !== '' || props.isFiltered === true
  const isEmpty = found.data?.length === 0 && !found.isLoading && !found.error
  const hasToolbar = !isEmpty || isFiltered || props.facets !== undefined
  return (
    <div class="grid">
      {hasToolbar && <Toolbar state={state} {...props} />}
      {found.error && found.data === undefined ? (
        <ErrorState error={found.error} onRetry={found.refresh} />
      ) : isEmpty && state.page === 1 ? (
        isFiltered ? (
          <NoMatch state={state} />
        ) : (
          props.empty
        )
      ) : (
        <Table {...props} columns={shown} found={found} state={state} />
      )}
    </div>
  )
}

type Whole<O extends Operation> = GridProps<O> & { found: Found<RowOf<O>[]>; state: GridState }

function Table<O extends Operation>(props: Whole<O>) {
  const { label, found, keyOf, nameOf, bulk, bulkLinks, linkTo } = props
  const [picked, setPicked] = useState<ReadonlyMap<string | number, RowOf<O>>>(new Map())
  const table = useRef<HTMLTableElement>(null)
  const rows = found.data ?? []
  const toggle = (row: RowOf<O>) => {
    const next = new Map(picked)
    if (!next.delete(keyOf(row))) next.set(keyOf(row), row)
    setPicked(next)
  }
  const isAll = rows.length > 0 && rows.every((row) => picked.has(keyOf(row)))
  const toggleAll = () =>
    setPicked(isAll ? new Map() : new Map([...picked, ...rows.map((row) => [keyOf(row), row] as const)]))
  const act = {
    open: (index: number) => rows[index] && linkTo && navigate(linkTo(rows[index])),
    pick: (index: number) => bulk && rows[index] && toggle(rows[index]),
  }
  const bar = { rows: [...picked.values()], nameOf, links: bulkLinks ?? [] }
  return (
    <>
      {bulk && picked.size > 0 && <BulkBar {...bar} actions={bulk} onClear={() => setPicked(new Map())} />}
      {found.error && <ErrorState error={found.error} onRetry={found.refresh} />}
      <div class="table-frame" aria-busy={found.isLoading} data-stale={found.isPrevious || undefined}>
        <table ref={table} aria-label={label} onKeyDown={(event) => onGridKey(event, table.current!, act)}>
          <Head {...props} isAll={isAll} toggleAll={toggleAll} />
          <tbody>
            {found.data === undefined ? (
              <Skeleton columns={props.columns.length} />
            ) : (
              rows.map((row) => (
                <Row
                  key={keyOf(row)}
                  {...props}
                  row={row}
                  isPicked={picked.has(keyOf(row))}
                  toggle={() => toggle(row)}
                />
              ))
            )}
          </tbody>
        </table>
      </div>
      <Pager state={props.state} found={found} />
    </>
  )
}

type HeadProps<O extends Operation> = Whole<O> & { isAll: boolean; toggleAll(): void }

function Head<O extends Operation>({ bulk, columns, rowActions, state, isAll, toggleAll }: HeadProps<O>) {
  return (
    <thead>
      <tr>
        {bulk && (
          <th class="tick">
            <input type="checkbox" aria-label={common().selectAll} checked={isAll} onChange={toggleAll} />
          </th>
        )}
        {columns.map((column) => (
          <SortableHead key={column.name} column={column} state={state} />
        ))}
        {rowActions && (
          <th class="tick">
            <span class="only-read">{common().actions}</span>
          </th>
        )}
      </tr>
    </thead>
  )
}

type RowProps<O extends Operation> = Whole<O> & { row: RowOf<O>; isPicked: boolean; toggle(): void }

function Row<O extends Operation>({ row, columns, nameOf, bulk, rowActions, isPicked, toggle }: RowProps<O>) {
  return (
    <tr tabIndex={-1} data-row data-picked={isPicked || undefined}>
      {bulk && (
        <td class="tick">
          <input type="checkbox" aria-label={common().selectRow(nameOf(row))} checked={isPicked} onChange={toggle} />
        </td>
      )}
      {columns.map((column) => (
        <td key={column.name} class={classOf(column)}>
          {column.cell(row)}
        </td>
      ))}
      {rowActions && (
        <td class="tick">
          <Menu label={`${common().actions}: ${nameOf(row)}`} items={rowActions(row)} />
        </td>
      )}
    </tr>
  )
}

const classOf = ({ isNumber, hideBelow }: Pick<Column<never>, 'isNumber' | 'hideBelow'>): string =>
  [isNumber && 'number', hideBelow && `below-${hideBelow}`].filter(Boolean).join(' ')

function Skeleton({ columns }: { columns: number }) {
  return Array.from({ length: 8 }, (_, row) => (
    <tr key={row} class="skeleton" aria-hidden="true">
      {Array.from({ length: columns }, (_one, column) => (
        <td key={column}>
          <span />
        </td>
      ))}
    </tr>
  ))
}

function Toolbar<O extends Operation>({ state, columns, filter, facets, label }: GridProps<O> & { state: GridState }) {
  const hideable = columns.filter((one, index) => index > 0 && one.canHide !== false)
  return (
    <div class="toolbar" role="search" aria-label={label}>
      {filter && <GridFilter label={filter.label} state={state} />}
      {facets}
      <span class="spring" />
      {hideable.length > 0 && (
        <Menu
          label={common().columns}
          items={hideable.map(({ name, title }) => ({
            label: title,
            isChosen: !state.hidden.has(name),
            run: () => state.change({ hide: toggled(state.hidden, name).join(',') }),
          }))}
        >
          <Icon name="columns" />
        </Menu>
      )}
    </div>
  )
}

/** The names with this one taken away, or added. */
const toggled = (names: ReadonlySet<string>, name: string): string[] =>
  names.has(name) ? [...names].filter((one) => one !== name) : [...names, name]

function NoMatch({ state }: { state: GridState }) {
  const id = useId()
  return (
    <div class="state" role="status" aria-labelledby={id}>
      <Icon name="search" size={28} />
      <h2 id={id}>{common().nothingFound}</h2>
      <p>{common().nothingFoundHint}</p>
      {state.filter !== '' && <Button onClick={() => state.change({ q: undefined })}>{common().clearFilter}</Button>}
    </div>
  )
}
