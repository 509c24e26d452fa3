import { failed } from './answers.ts'
import { askWhole } from './ask.ts'
import type { Line, Question } from './line.ts'

/** One page of a list. `next` is the URL of the following one. */
type PageRead<Entry> = { entries: Entry[]; next: string | undefined; headers: Record<string, unknown> }

type ListOptions<Entry> = {
  /** The first page. */
  question: Question
  /** The entries of a page's JSON; undefined when it is no such page. */
  read(json: unknown): Entry[] | undefined
  /** The entries that the first page was asked for: with so many and no `Link`, the next is asked for by `last`. */
  size?: number
  /** The text of an entry for `last`. */
  last?(entry: Entry): string
  onPage?(page: PageRead<Entry>): void
}

/**
 * The pages of a list, one at a time: by `Link` (RFC 8288; OCI Distribution Specification 1.1, "Listing Tags"), or by
 * `last` where a full page has none. Throws RemoteFailed for pages that loop, lead to another host or are too many.
 */
export async function* pages<Entry>(line: Line, options: ListOptions<Entry>): AsyncGenerator<Entry[], void> {
  const { question, size, last, onPage } = options
  let url = question.url
  let [before, isGuess] = ['', false]
  // Brent's algorithm: the page that later ones are compared with moves on in steps of 1, 2, 4, 8 pages.
  let [marked, step] = [url, 1]
  for (let count = 1, since = 0; ; count++, since++) {
    const page = await readPage(line, { ...question, url }, options)
    onPage?.(page)
    const print = JSON.stringify(page.entries)
    const isSame = page.entries.length > 0 && print === before
    // A registry that does not know `last` answers with the same page again: that was all.
    if (isSame && isGuess) return
    if (isSame) throw loops(line, { ...question, url })
    yield page.entries
    const guess = size !== undefined && last && page.entries.length === size ? last(page.entries.at(-1)!) : undefined
    const next = page.next ?? (guess === undefined ? undefined : withLast(question.url, guess))
    if (next === undefined) return
    if (next === url || next === marked) throw loops(line, { ...question, url })
    if (count >= line.limits.pages) {
      throw failed(line, { ...question, url }, 'lied', `its list has more than ${line.limits.pages} pages`)
    }
    if (since === step) [marked, step, since] = [next, step * 2, 0]
    ;[isGuess, before, url] = [page.next === undefined, print, next]
  }
}

async function readPage<Entry>(line: Line, question: Question, { read }: ListOptions<Entry>): Promise<PageRead<Entry>> {
  const { content, headers } = await askWhole(line, question)
  const entries = read(jsonOf(line, question, content))
  if (!entries) throw failed(line, question, 'not-a-registry', 'its answer is not such a list: check the URL')
  return { entries, headers, next: nextOf(line, question, headers['link']) }
}

/** Throws RemoteFailed for what is not JSON, such as the HTML of a portal. */
export function jsonOf(line: Line, question: Pick<Question, 'method' | 'url'>, content: Buffer): unknown {
  try {
    return JSON.parse(content.toString())
  } catch {
    throw failed(line, question, 'not-a-registry', 'its answer is not JSON: check the URL')
  }
}

const loops = (line: Line, question: Question) => failed(line, question, 'lied', 'its pages lead in a circle')

const withLast = (first: string, last: string): string => {
  const url = new URL(first)
  url.searchParams.set('last', last)
  return url.href
}

const link = /<([^>]*)>((?:\s*;\s*[\w!#$%&'*+.^`|~-]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]+))?)*)/g

const param = /;\s*([\w!#$%&'*+.^`|~-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+)))?/g

/** The URL of `rel="next"` in a `Link` header, absolute. Throws RemoteFailed when it leads to another host. */
export function nextOf(
  line: Line,
  question: Pick<Question, 'method' | 'url'>,
  header: string | string[] | undefined,
): string | undefined {
  const text = [header ?? []].flat().join(', ').slice(0, mostLink)
  for (const [, target = '', params = ''] of text.matchAll(link)) {
    const rel = [...params.matchAll(param)].find(([, name = '']) => name.toLowerCase() === 'rel')
    if (!(rel?.[2] ?? rel?.[3] ?? '').toLowerCase().split(/\s+/).includes('next')) continue
    const url = URL.canParse(target, question.url) ? ownUrl(line, new URL(target, question.url)) : undefined
    if (url === undefined) throw failed(line, question, 'lied', 'the next page of its list is on another host')
    return url
  }
  return undefined
}

/** The most characters of a `Link` header that are read. */
const mostLink = 16 * 1024

/**
 * The URL if it is of the endpoint's own host. A registry behind a proxy that ends TLS may write `http:` into its
 * links: the endpoint's scheme holds.
 */
function ownUrl({ base }: Line, url: URL): string | undefined {
  const own = new URL(base)
  if (url.origin === own.origin) return url.href
  if (url.host !== own.host || !['http:', 'https:'].includes(url.protocol)) return undefined
  return `${own.origin}${url.pathname}${url.search}`
}
