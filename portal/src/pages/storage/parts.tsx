import type { AnswerOf, Operation } from '../../../../api/operation.ts'
import type { CallOf } from '../../../../api/client.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { useApi, type Found } from '../../lib/query.ts'
import { showBytes } from '../../lib/show.ts'
import { readGridState } from '../../ui/grid-state.ts'
import type { Column } from '../../ui/grid.tsx'
import { Select } from '../../ui/select.tsx'
import { Treemap } from '../../ui/treemap.tsx'
import { words } from './words.ts'

type Bytes = { size: number; shared: number; exclusive: number; exclusive_in_storage?: number }
type Sort = '-size' | '-exclusive' | 'name' | '-push_time'

/** The address of a level of the explorer. */
export function levelPlace(project: string, repository?: string): string {
  const text = new URLSearchParams({ project, ...(repository === undefined ? {} : { repository }) }).toString()
  return `/storage?${text}`
}

/** The order that the address asks for, of those that the level has. */
export function sortOf<const One extends Sort>(sorts: readonly One[]): One {
  const asked = query.value.get('by')
  return sorts.find((one) => one === asked) ?? sorts[0]!
}

/** Chooses the order of list and areas. */
export function SortChoice({ sorts }: { sorts: readonly Sort[] }) {
  const labels: Record<Sort, string> = {
    '-size': words().bySize,
    '-exclusive': words().byExclusive,
    name: words().byName,
    '-push_time': words().byPush,
  }
  return (
    <label class="inline-choice">
      <span class="quiet-text">{words().by}</span>
      <Select
        value={sortOf(sorts)}
        options={sorts.map((value) => ({ value, label: labels[value] }))}
        onPick={(by) => changeQuery({ by: by === sorts[0] ? undefined : by, page: undefined })}
      />
    </label>
  )
}

/** All bytes, those that others need as well, own ones, and what deleting frees. */
export function bytesColumns<Row extends Bytes>(): Column<Row>[] {
  return [
    { name: 'size', title: words().size, isNumber: true, cell: ({ size }) => showBytes(size) },
    {
      name: 'shared',
      title: words().shared,
      isNumber: true,
      hideBelow: 'medium',
      cell: ({ shared }) => showBytes(shared),
    },
    {
      name: 'exclusive',
      title: words().exclusive,
      isNumber: true,
      hideBelow: 'small',
      cell: ({ exclusive }) => showBytes(exclusive),
    },
  ]
}

/** What deleting a row frees in the storage as a whole, for those who may know. */
export function freesColumn<Row extends Bytes>(): Column<Row> {
  return {
    name: 'frees',
    title: words().frees,
    isNumber: true,
    cell: ({ exclusive, exclusive_in_storage: frees = exclusive }) => (
      <strong title={words().freesHint}>{showBytes(frees)}</strong>
    ),
  }
}

type RowOf<O> = AnswerOf<O> extends (infer Row)[] ? Row : never
type MapProps<O extends Operation> = {
  operation: O
  /** As the grid below calls it, so that both are one request. */
  call: { params?: Record<string, string>; query: Record<string, string | undefined> }
  nameOf(row: RowOf<O>): string
  linkOf(row: RowOf<O>): string | undefined
}

/** The rows of the page below as areas. */
export function Map<const O extends Operation>({ operation, call, nameOf, linkOf }: MapProps<O>) {
  const { size, paging } = readGridState('', undefined)
  const whole = { ...call, query: { ...call.query, page_size: size, ...paging } }
  const { data } = useApi<O>(operation, whole as unknown as CallOf<O>) as unknown as Found<RowOf<O>[]>
  const measure = call.query['sort'] === '-exclusive' ? 'exclusive' : 'size'
  const rows = (data ?? []) as (RowOf<O> & Bytes)[]
  return (
    <Treemap
      label={words().map}
      restName={words().rest}
      textOf={showBytes}
      areas={rows.map((one, index) => ({
        key: index,
        name: nameOf(one),
        value: one[measure],
        text: showBytes(one[measure]),
        to: linkOf(one),
      }))}
    />
  )
}
