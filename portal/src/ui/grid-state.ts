import { changeQuery, query, withQuery } from '../lib/location.ts'
import { recall, remember } from '../lib/storage.ts'

const sizes = [25, 50, 100] as const

/** What a grid shows, as the address says it: filter, order, page and hidden columns. */
export type GridState = {
  filter: string
  /** As the API takes it: `name`, or `-name` for descending. */
  sort: string | undefined
  size: number
  page: number
  /** The page and the cursors that the API gave with the page before. */
  paging: Record<string, string>
  hidden: ReadonlySet<string>
  /** Names of the query, without those that are at their default. */
  change(values: Partial<Record<'q' | 'sort' | 'size' | 'hide', string | undefined>>): void
  /** A link to a page, by the parameters that its link in the API's answer has. */
  pageLink(paging: Record<string, string>): string
}

const pagingNames = ['page', 'after', 'before']

/** Reads the state of a grid from the address. `prefix` tells two grids of a page apart. */
export function readGridState(prefix: string, defaultSort: string | undefined): GridState {
  const get = (name: string) => query.value.get(prefix + name) ?? undefined
  const asked = Number(get('size') ?? recall('rows'))
  const size = sizes.find((one) => one === asked) ?? sizes[0]
  const paging = Object.fromEntries(pagingNames.flatMap((name) => (get(name) ? [[name, get(name)!]] : [])))
  const named = (values: Record<string, string | undefined>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]))
  const firstPage = Object.fromEntries(pagingNames.map((name) => [name, undefined]))
  return {
    filter: get('q') ?? '',
    sort: get('sort') ?? defaultSort,
    size,
    page: Math.max(1, Number(get('page')) || 1),
    paging,
    hidden: new Set((get('hide') ?? '').split(',').filter(Boolean)),
    change(values) {
      if (values.size !== undefined) remember('rows', values.size)
      const isSamePage = Object.keys(values).every((name) => name === 'hide')
      changeQuery(named({ ...(isSamePage ? {} : firstPage), ...values }))
    },
    pageLink: (to) => withQuery(named({ ...firstPage, ...to })),
  }
}

export const gridSizes: readonly number[] = sizes
