import { joined, oneOff, sql, type Sql } from './sql.ts'

/** A q, sort, page or page_size that cannot be used; the message names it. */
export class BadListing extends Error {
  override name = 'BadListing'
}

/** One condition of q: `k=v`, `k=~v`, `k=[a~b]`, `k={a b}` (any of them), `k=(a b)` (all of them). */
export type Condition =
  | { kind: 'is' | 'like'; value: string }
  | { kind: 'range'; from: string | undefined; to: string | undefined }
  | { kind: 'any' | 'all'; values: string[] }

/** A field that clients may filter and sort by. Fields that are not in the list's own table are refused (H26). */
export type Field =
  | { type: 'text' | 'integer' | 'time' | 'boolean'; column: Sql; isSortable?: false; sort?: Sql }
  /** For conditions that are not about one column; returns undefined for kinds of conditions that it does not take. */
  | { type: 'custom'; where(condition: Condition): Sql | undefined; sort?: Sql }
export type Fields = Readonly<Record<string, Field>>

export type ListQuery = { q?: string; sort?: string; page?: number; page_size?: number }
/** Parts for a statement: `select ... where ${where} order by ${order} limit ${limit} offset ${offset}`. */
export type Listing = {
  where: Sql
  /** False: `where` is true of every row. */
  isFiltered: boolean
  order: Sql
  limit: number
  offset: number
  page: number
  pageSize: number
}

/** The largest offset, as a page has to scan all entries before it. */
const deepest = 1_000_000

/**
 * Turns a client's list query into SQL over known columns. `order` applies when no sort is given, and breaks ties after
 * one.
 */
export function listing(
  fields: Fields,
  { q, sort, page = 1, page_size: pageSize = 10 }: ListQuery,
  order: Sql,
): Listing {
  if ((page - 1) * pageSize > deepest)
    throw new BadListing(
      `pages end at entry ${deepest}: narrow the list with q, or follow the Link header where it has positions`,
    )
  const conditions = Object.entries(parseQ(q ?? '')).map(([name, condition]) => whereOf(fields, name, condition))
  const sorts = parseSort(fields, sort ?? '')
  return {
    isFiltered: conditions.length > 0,
    where: conditions.length === 0 ? sql`true` : oneOff(joined(conditions, sql` and `)),
    order: sorts.length === 0 ? order : oneOff(sql`${joined(sorts, sql`, `)}, ${order}`),
    limit: pageSize,
    offset: (page - 1) * pageSize,
    page,
    pageSize,
  }
}

/** `name=~lib,id={1 2}` → conditions by field. Throws BadListing. */
export function parseQ(given: string): Record<string, Condition> {
  const text = unescapedQ(given)
  if (text.length > 4096) throw new BadListing('q is too long: at most 4096 characters')
  if (text.includes('\0')) throw new BadListing('q holds a NUL')
  const conditions: Record<string, Condition> = Object.create(null) as Record<string, Condition>
  for (const part of splitOutside(text)) {
    const at = part.indexOf('=')
    const name = part.slice(0, at).trim()
    if (at < 1 || name === '')
      throw new BadListing('the query string must contain "=" and the key/value cannot be empty')
    if (conditions[name]) throw new BadListing(`q: ${name} stands twice`)
    conditions[name] = parseCondition(name, part.slice(at + 1))
  }
  return conditions
}

/** Some clients, such as Harbor's portal, escape q twice; like Harbor, Marina undoes both. */
export function unescapedQ(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function parseCondition(name: string, text: string): Condition {
  const inner = text.slice(1, -1)
  if (text.startsWith('~')) return { kind: 'like', value: unquoted(text.slice(1)) }
  if (text.startsWith('[') && text.endsWith(']')) {
    const ends = inner.split('~')
    if (ends.length !== 2 || (!ends[0]?.trim() && !ends[1]?.trim()))
      throw new BadListing(`q: a range is ${name}=[from~to], one end may be empty`)
    return { kind: 'range', from: ends[0]!.trim() || undefined, to: ends[1]!.trim() || undefined }
  }
  if ((text.startsWith('{') && text.endsWith('}')) || (text.startsWith('(') && text.endsWith(')'))) {
    const values = inner
      .split(' ')
      .filter((one) => one !== '')
      .map(unquoted)
    if (values.length === 0 || values.length > 200) throw new BadListing(`q: ${name} needs 1 to 200 values`)
    return { kind: text.startsWith('{') ? 'any' : 'all', values }
  }
  return { kind: 'is', value: unquoted(text) }
}

const unquoted = (text: string) => text.trim().replace(/^(["'])(.*)\1$/, '$2')

/** Splits at commas outside of brackets. */
function splitOutside(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === '[' || char === '{' || char === '(') depth++
    if (char === ']' || char === '}' || char === ')') depth--
    if (at === text.length || (char === ',' && depth <= 0)) {
      if (text.slice(start, at).trim() !== '') parts.push(text.slice(start, at).trim())
      start = at + 1
    }
  }
  return parts
}

function fieldOf(fields: Fields, name: string, where: string): Field {
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (!field)
    throw new BadListing(
      `${where}: unknown field ${JSON.stringify(name.slice(0, 60))}; known: ${Object.keys(fields).join(', ')}`,
    )
  return field
}

function whereOf(fields: Fields, name: string, condition: Condition): Sql {
  const field = fieldOf(fields, name, 'q')
  if (field.type === 'custom') {
    const where = field.where(condition)
    if (!where) throw new BadListing(`q: ${name} does not take this kind of condition`)
    return where
  }
  const { column, type } = field
  const value = (text: string) => valueOf(name, type, text)
  switch (condition.kind) {
    case 'is':
      return sql`${column} = ${value(condition.value)}`
    case 'like':
      // position() takes the text literally: % and _ mean themselves. As in Harbor, case does not matter, and a number
      // is compared by its digits.
      if (type !== 'text' && type !== 'integer') throw new BadListing(`q: ${name}=~ is for texts and numbers`)
      return sql`position(lower(${condition.value}::text) in lower(${column}::text)) > 0`
    case 'range':
      return joined(
        [
          ...(condition.from === undefined ? [] : [sql`${column} >= ${value(condition.from)}`]),
          ...(condition.to === undefined ? [] : [sql`${column} <= ${value(condition.to)}`]),
        ],
        sql` and `,
      )
    case 'any':
      return joinedAny(column, type, condition.values.map(value))
    case 'all':
      return joined(
        condition.values.map((one) => sql`${column} = ${value(one)}`),
        sql` and `,
      )
  }
}

function joinedAny(column: Sql, type: 'text' | 'integer' | 'time' | 'boolean', values: unknown[]): Sql {
  if (type === 'text') return sql`${column} = any(${values}::text[])`
  if (type === 'integer') return sql`${column} = any(${values}::bigint[])`
  return type === 'time' ? sql`${column} = any(${values}::timestamptz[])` : sql`${column} = any(${values}::boolean[])`
}

function valueOf(
  name: string,
  type: 'text' | 'integer' | 'time' | 'boolean',
  text: string,
): string | number | boolean | Date {
  if (text.includes('\0')) throw new BadListing(`q: ${name} holds a NUL`)
  if (type === 'text') return text
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  const time = type === 'time' && text.length <= 40 ? new Date(inUtc(text)) : undefined
  if (time && isKept(time)) return time
  const wanted = { integer: 'a whole number', boolean: 'true or false' }
  const anyTime = 'a time such as 2026-01-31 or 2026-01-31 12:00:00'
  throw new BadListing(`q: ${name} must be ${type === 'time' ? anyTime : wanted[type]}`)
}

/** A time that PostgreSQL can hold; a Date can be earlier. The year of an invalid Date is NaN. */
const isKept = (time: Date) => time.getUTCFullYear() >= 0 && time.getUTCFullYear() <= 9999

/** As in Harbor, a time without a zone is in UTC, whatever the server's zone is. */
const inUtc = (text: string) => (/^\d{4}-\d{2}-\d{2}[ T]\d[\d:.]*$/.test(text) ? `${text.replace(' ', 'T')}Z` : text)

/** Reads `-field`, or `field:desc` as in the help of Harbor's command line. */
export function sortsOf(text: string): { name: string; isDescending: boolean }[] {
  const given = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  return given.map((one) => ({
    name: one.replace(/^-/, '').replace(/:(asc|desc)$/i, ''),
    isDescending: one.startsWith('-') || /:desc$/i.test(one),
  }))
}

function parseSort(fields: Fields, text: string): Sql[] {
  const sorts = sortsOf(text)
  if (sorts.length > 5) throw new BadListing('sort: at most 5 fields')
  return sorts.map(({ name, isDescending }) => {
    const field = fieldOf(fields, name, 'sort')
    const own = field.type === 'custom' || field.isSortable === false ? undefined : field.column
    const column = field.sort ?? own
    if (!column) throw new BadListing(`sort: ${name} cannot be sorted by`)
    return isDescending ? sql`${column} desc` : sql`${column} asc`
  })
}
