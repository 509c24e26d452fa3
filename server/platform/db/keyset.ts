import { createHash } from 'node:crypto'
import { BadListing, listing, sortsOf, type Fields, type Listing, type ListQuery } from './listing.ts'
import { sql, type Sql } from './sql.ts'

/** Where an entry stands in a list that goes by time: the time in microseconds since 1970, for PostgreSQL counts those, and the id. */
export type Edge = { micros: number; id: number }
/** The columns of such an order; the list's index has both, in this order. */
export type Key = { at: Sql; id: Sql }
export type KeysetQuery = ListQuery & { after?: string; before?: string }
/** How many entries a list had, and a mark of which list that was. */
export type Counted = { total: number; mark: string }
/**
 * `where` and `order` find the page; `limit` is one more than shown, which tells whether there is another. `matching` is what the
 * whole list holds, `counted` what a page before this one found it to be: a count reads all that it counts, a page a hundred entries.
 */
export type Keyset = Listing & { matching: Sql; counted: Counted | undefined; isBackwards: boolean }
type Turned<Row> = { rows: Row[]; next?: Turn; prev?: Turn }
/** What a link to another page says beside what was asked. */
type Turn = { page: number; after?: string; before?: string }

/**
 * A page of a list in the order of `key`, newest first unless `sort` says otherwise. After or before a position it begins in the
 * index, at the same cost however deep, and what has come since moves nothing from one page to another. Without a position, or
 * when `page` is not the one that the position belongs to, pages are counted off, as deep as `listing` allows.
 */
export function keyset(fields: Fields, { after, before, page, ...query }: KeysetQuery, key: Key): Keyset {
  if (after !== undefined && before !== undefined) throw new BadListing('after and before exclude each other')
  const given =
    after === undefined
      ? before === undefined
        ? undefined
        : parsePosition('before', before)
      : parsePosition('after', after)
  const position = page === undefined || page === given?.page ? given : undefined
  const { where, limit, ...plain } = listing(
    fields,
    { ...query, page: position ? 1 : (page ?? 1) },
    sql`${key.at} desc`,
  )
  const isBackwards = position !== undefined && before !== undefined
  const isAscending = startsAscending(query.sort) !== isBackwards
  return {
    ...plain,
    counted: position?.counted,
    isBackwards,
    matching: where,
    limit: limit + 1,
    page: position?.page ?? plain.page,
    where: position ? sql`${where} and ${beyond(key, position, isAscending)}` : where,
    order: isAscending ? sql`${key.at} asc, ${key.id} asc` : sql`${key.at} desc, ${key.id} desc`,
  }
}

/** The rows to show of those that were found, and how to go on from them. The count goes along. */
export function turned<Row extends Edge>(
  { isBackwards, page, pageSize }: Keyset,
  found: Row[],
  counted: Counted,
): Turned<Row> {
  const isMore = found.length > pageSize
  const rows = isBackwards ? found.slice(0, pageSize).toReversed() : found.slice(0, pageSize)
  const [first, last] = [rows[0], rows.at(-1)]
  const [hasNext, hasPrev] = isBackwards ? [rows.length > 0, isMore] : [isMore, page > 1]
  return {
    rows,
    ...(hasNext ? { next: { page: page + 1, after: writePosition(page + 1, last!, counted) } } : {}),
    // Entries that came since stand before the first page as well: they are a page 1, too.
    ...(hasPrev
      ? {
          prev: {
            page: Math.max(1, page - 1),
            ...(first ? { before: writePosition(Math.max(1, page - 1), first, counted) } : {}),
          },
        }
      : {}),
  }
}

/** An entry as the edge of a page, for a link: the place, the number of the page that it leads to, and what was counted. */
export function writePosition(page: number, { micros, id }: Edge, counted?: Counted): string {
  return Buffer.from(`${page}.${micros}.${id}${counted ? `.${counted.total}.${counted.mark}` : ''}`).toString(
    'base64url',
  )
}

/** Tells one list from another. */
export const markOf = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 8)

function parsePosition(name: 'after' | 'before', text: string): Edge & { page: number; counted: Counted | undefined } {
  const plain = /^[\w-]+$/.test(text) ? Buffer.from(text, 'base64url').toString('latin1') : ''
  const [, page, micros, id, total, mark] =
    /^([1-9]\d{0,14})\.(-?\d{1,15}|1\d{15})\.(\d{1,15})(?:\.(\d{1,10})\.([\w-]{8}))?$/.exec(plain) ?? []
  if (page === undefined) throw new BadListing(`${name}: this is no position of a Link header`)
  return {
    page: Number(page),
    micros: Number(micros),
    id: Number(id),
    counted: mark === undefined ? undefined : { total: Number(total), mark },
  }
}

/** What is beyond the position. The first condition says it of the time alone, by which PostgreSQL leaves out whole partitions. */
function beyond({ at, id }: Key, position: Edge, isAscending: boolean): Sql {
  const time = timeOf(position.micros)
  return isAscending
    ? sql`${at} >= ${time}::timestamptz and (${at}, ${id}) > (${time}::timestamptz, ${position.id}::bigint)`
    : sql`${at} <= ${time}::timestamptz and (${at}, ${id}) < (${time}::timestamptz, ${position.id}::bigint)`
}

/** To the microsecond, which a Date cannot hold. */
function timeOf(micros: number): string {
  const ms = Math.floor(micros / 1000)
  return new Date(ms).toISOString().replace('Z', `${String(micros - ms * 1000).padStart(3, '0')}Z`)
}

/** `listing` has seen to it that the one field by which such a list is sorted is its time. */
function startsAscending(sort = ''): boolean {
  const [first] = sortsOf(sort)
  return first !== undefined && !first.isDescending
}
