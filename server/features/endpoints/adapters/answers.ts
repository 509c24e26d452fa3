import { isDigest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import { isTag, type RepositoryName } from '../../../../oci/reference.ts'
import { isRemoteName } from '../../../registry/remote/name.ts'
import { RemoteFailed, type ApiReply, type Remote } from '../../../registry/remote/remote.ts'
import type { ListedArtifact } from './adapter.ts'

/** A row of a vendor's list. Its fields are whatever the other side sent. */
export type Row = Readonly<Record<string, unknown>>

/** One page of a list; `next` is the cursor of the next one, in the vendor's own form. */
type Rows = { rows: Row[]; next: string | undefined }

/** The most pages of one list. */
const mostPages = 20_000

/** Reads a list page by page. Throws RemoteFailed for one that repeats itself or does not end. */
export async function* paged(
  { endpoint }: Pick<Remote, 'endpoint'>,
  what: string,
  read: (cursor: string | undefined) => Promise<Rows>,
): AsyncGenerator<Row, void> {
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const { rows, next } = await read(cursor)
    yield* rows
    if (next === undefined) return
    if (next === cursor) break
    cursor = next
  }
  throw new RemoteFailed(
    { reason: 'not-a-registry', endpoint: endpoint.name, call: what },
    `the list does not end: its pages repeat, or there are more than ${mostPages}`,
  )
}

/**
 * The list in an answer, at a path of keys (`data.repos`; '' for the answer itself); null is an empty one. Throws
 * RemoteFailed for an answer without a list: what is not listed at a source may be deleted at a target. `isOptional`:
 * the vendor leaves out an empty list.
 */
export function rowsIn(
  reply: ApiReply,
  { endpoint }: Pick<Remote, 'endpoint'>,
  call: string,
  path = '',
  isOptional = false,
): Row[] {
  const keys = path === '' ? [] : path.split('.')
  const last = keys.pop()
  const holder = keys.reduce<unknown>((found, key) => (isRow(found) ? found[key] : undefined), reply.json())
  const named = isRow(holder) && last !== undefined && (isOptional || Object.hasOwn(holder, last))
  const found = last === undefined ? holder : named ? (holder[last] ?? []) : undefined
  if (Array.isArray(found) && found.every(isRow)) return found
  throw noList(endpoint.name, call, reply.status, path)
}

/** An answer of another shape than the vendor's. */
const noList = (endpoint: string, call: string, answered: number, path: string) =>
  new RemoteFailed(
    { reason: 'not-a-registry', endpoint, call, answered },
    `the answer has no list${path && ` in ${path}`}: is the type of the endpoint right?`,
  )

/** A list of texts in an answer. Throws RemoteFailed for an answer without one. */
export function textsIn(reply: ApiReply, { endpoint }: Pick<Remote, 'endpoint'>, call: string, key: string): string[] {
  const found = rowIn(reply)[key]
  if (Array.isArray(found) && found.every((one) => typeof one === 'string')) return found
  throw noList(endpoint.name, call, reply.status, key)
}

/** An answer, or a part of it, as an object; an empty one for anything else. */
export function rowIn(reply: ApiReply, key?: string): Row {
  const answer: unknown = reply.json()
  const found = key === undefined ? answer : isRow(answer) ? answer[key] : undefined
  return isRow(found) ? found : {}
}

export const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const textIn = (row: Row, key: string): string => (typeof row[key] === 'string' ? row[key] : '')

/** The names that the registry's own API can be asked for; a vendor's list may hold others, which nobody can pull. */
export const asNames = (names: string[]): RepositoryName[] => names.filter(isRemoteName)

/** An artifact with one tag, as most vendors list them; nothing for a tag that cannot be pulled. */
export function listedTag(tag: unknown, digest?: unknown): ListedArtifact[] {
  if (typeof tag !== 'string' || !isTag(tag)) return []
  return [
    {
      tags: [tag],
      digest: typeof digest === 'string' && isDigest(digest) ? digest : undefined,
      labels: [],
      kind: undefined,
    },
  ]
}

/** The words of a vendor's error, in one line of at most 300 characters, for a message to people. */
const wordsOf = (...words: string[]) => words.filter(Boolean).join(': ').replace(/\s+/g, ' ').slice(0, 300)

/** Codes of errors that are about the keys of a call. */
const aboutKeys = /auth|signature|token|credential|accesskey|forbidden|accessdenied|permission/i

/** The failure of a call that the vendor refused, in its own words. */
export function refused(
  remote: Pick<Remote, 'endpoint'>,
  call: string,
  status: number,
  ...words: string[]
): RemoteFailed {
  const text = wordsOf(...words) || 'refused without a reason'
  const reason = status === 401 || aboutKeys.test(words[0] ?? '') ? 'unauthorized' : 'rejected'
  return new RemoteFailed({ reason, endpoint: remote.endpoint.name, call, answered: status }, text)
}

/**
 * Whether the vendor says that there is no such thing. Throws RemoteFailed for a 404 that is no JSON: a portal on the
 * way says nothing about repositories, and what is gone at a source may be deleted at a target.
 */
export function isAbsent(reply: ApiReply): boolean {
  if (reply.status !== 404) return false
  reply.json()
  return true
}

/** A repository that the vendor does not have. */
export const unknownName = (name: string): OciError => new OciError('NAME_UNKNOWN', `there is no repository ${name}`)

/** A list with numbered pages, counted from 1, whose answers say how many rows the whole list has. */
export async function* numbered(
  remote: Pick<Remote, 'endpoint'>,
  what: string,
  read: (page: number) => Promise<{ rows: Row[]; total: number }>,
): AsyncGenerator<Row, void> {
  let seen = 0
  yield* paged(remote, what, async (cursor = '1') => {
    const { rows, total } = await read(Number(cursor))
    // Counted, as a vendor may send fewer rows a page than were asked for.
    seen += rows.length
    if (rows.length === 0 && seen < total) throw refused(remote, what, 200, `the list ends after ${seen} of ${total}`)
    return { rows, next: seen < total ? String(Number(cursor) + 1) : undefined }
  })
}

export const numberIn = (row: Row, key: string): number => (Number.isFinite(Number(row[key])) ? Number(row[key]) : 0)
