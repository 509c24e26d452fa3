import type { CallOf, Client } from '../../api/client.ts'
import type { Operation } from '../../api/operation.ts'
import { wrongUsage } from './problem.ts'
import type { Pages } from './verb.ts'

/** The most rows that a page of the API has. */
const pageSize = 100

/** Reads a list page by page, as its Link header says (RFC 8288), which stays true while others add rows. */
export function openPages(client: Client): Pages {
  return async (operation, call, limit) => {
    const rows: unknown[] = []
    const first = limit > 0 ? Math.min(limit, pageSize) : pageSize
    let query: Record<string, unknown> | undefined = { ...(call as { query?: object }).query, page_size: first }
    let total: number | undefined
    while (query) {
      const answer = await callWith(client, operation, { ...(call as object), query })
      rows.push(...(answer.body as unknown[]))
      total ??= Number(answer.headers.get('x-total-count') ?? rows.length)
      const isEnough = limit > 0 && rows.length >= limit
      query = isEnough || answer.body === undefined ? undefined : nextOf(answer.headers.get('link'))
    }
    const kept = limit > 0 ? rows.slice(0, limit) : rows
    return { rows: kept as never[], total: Math.max(total ?? 0, kept.length) }
  }
}

/** Calls an operation that is only known to be one: its types are checked where it is named. */
export const callWith = (client: Client, operation: Operation, call: object) =>
  client(operation, call as CallOf<Operation>) as Promise<{ body: unknown; headers: Pick<Headers, 'get'> }>

/** The query of the page after this one. */
function nextOf(link: string | null): Record<string, string> | undefined {
  const [, target] = /<([^>]*)>\s*;\s*rel="?next"?/i.exec(link ?? '') ?? []
  return target === undefined ? undefined : Object.fromEntries(new URL(target, 'http://marina').searchParams)
}

/** `--limit`: 0 for all. */
export function parseLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw wrongUsage(`--limit is a number of rows, 0 for all, not ${text}`)
  return Number(text)
}
