import { createHash } from 'node:crypto'
import { BadListing, listing, sortsOf, type Fields, type Listing, type ListQuery } from './listing.ts'
import { sql, type Sql } from './sql.ts'

/**
 * The cursor of an entry in a list that is sorted by time: the time in microseconds since 1970, as PostgreSQL counts,
 * and the id.
 */
export type Edge = { micros: number; id: number }
/** The columns that the list is sorted by; its index has both, in this order. */
export type Key = { at: Sql; id: Sql }
export type KeysetQuery = ListQuery & { after?: string; before?: string }
/** How many entries a list had, and a mark that tells which list that was. */
export type Counted = { total: number; mark: string }
/**
 * `where` and `order` find the page; `limit` is one more than the page shows, which tells whether there is another
 * page. `matching` is the condition of the whole list. `counted` is the count that an earlier page found, as counting
 * reads every entry, and a page only a hundred.
 */
export type Keyset = Listing & { matching: Sql; counted: Counted | undefined; isBackwards: boolean }
type Turned<Row> = { rows: Row[]; next?: Turn; prev?: Turn }
/** The parameters of a link to another page, beside those of the request. */
type Turn = { page: number; after?: string; before?: string }

/**
 * A page of a list in the order of `key`, newest first unless `sort` says otherwise. With a cursor (`after`, `before`)
 * the page begins in the index, at the same cost however deep it is, and new entries move none from one page to
 * another. Without a cursor, or when `page` is not the page that the cursor is for, it has an offset, as deep as
 * `listing` allows.
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

/** The rows of the page, without the one row too many, and the links to its neighbours, which carry the count. */
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
    // Newer entries may stand before page 1: they are a page 1, too.
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

/**
 * The text of a cursor in a link: the entry at the edge of the page, the number of the page it leads to, and the count.
 */
export function writePosition(page: number, { micros, id }: Edge, counted?: Counted): string {
  return Buffer.from(`${page}.${micros}.${id}${counted ? `.${counted.total}.${counted.mark}` : ''}`).toString(
    'base64url',
  )
}

/** A mark that tells one list from another. */
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

/** The entries beyond a cursor. The first condition, on the time alone, lets PostgreSQL leave out whole partitions. */
function beyond({ at, id }: Key, position: Edge, isAscending: boolean): Sql {
  const time = timeOf(position.micros)
  return isAscending
    ? sql`${at} >= ${time}::timestamptz and (${at}, ${id}) > (${time}::timestamptz, ${position.id}::bigint)`
    : sql`${at} <= ${time}::timestamptz and (${at}, ${id}) < (${time}::timestamptz, ${position.id}::bigint)`
}

/** The time to the microsecond, which a Date cannot hold. */
function timeOf(micros: number): string {
  const ms = Math.floor(micros / 1000)
  return new Date(ms).toISOString().replace('Z', `${String(micros - ms * 1000).padStart(3, '0')}Z`)
}

/** `listing` has checked that such a list is sorted by its time only. */
function startsAscending(sort = ''): boolean {
  const [first] = sortsOf(sort)
  return first !== undefined && !first.isDescending
}
