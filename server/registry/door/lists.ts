import { OciError } from '../../../oci/errors.ts'
import { isMediaType, mediaTypeRule, ociIndex } from '../../../oci/media-type.ts'
import type { Viewer } from '../../catalog/viewer.ts'
import type { Caller } from '../caller.ts'
import type { Page, Registry } from '../registry.ts'
import { send, sendJson, warningOf } from './reply.ts'
import type { At, Exchange } from './session.ts'

export type ListOptions = {
  registry: Pick<Registry, 'listRepositories' | 'listTags' | 'listReferrers'>
  rights: { viewer(caller: Caller): Promise<Viewer> }
  /** The most entries of a page, also when a client asks for more. Tags are only names, so their pages are longer. */
  limits: { pageSize: number; tagPageSize: number }
}

/** GET /v2/_catalog: repositories that the caller may see. */
export async function answerCatalog(
  { registry, rights, limits }: ListOptions,
  { query }: At<'catalog'>,
  { response, session }: Exchange,
): Promise<void> {
  const page = parsePage(query, limits.pageSize)
  const viewer = await rights.viewer(session.caller)
  const names = page.limit === 0 ? [] : await registry.listRepositories(viewer, oneMore(page))
  const { shown, headers } = cutPage(names, page.limit, '/v2/_catalog', (name) => name)
  sendJson(response, 200, { repositories: shown }, headers)
}

/** GET /v2/<name>/tags/list */
export async function answerTags(
  { registry, limits }: ListOptions,
  { name, query }: At<'tags'>,
  { response }: Exchange,
): Promise<void> {
  const page = parsePage(query, limits.tagPageSize)
  const names = await registry.listTags(name, oneMore(page))
  const { shown, headers } = cutPage(names, page.limit, `/v2/${name}/tags/list`, (tag) => tag)
  sendJson(response, 200, { name, tags: shown }, { ...headers, ...warningOf(names.warning) })
}

/** GET /v2/<name>/referrers/<digest> */
export async function answerReferrers(
  { registry, limits }: ListOptions,
  { name, digest, query }: At<'referrers'>,
  { response }: Exchange,
): Promise<void> {
  const page = parsePage(query, limits.pageSize)
  const artifactType = parseArtifactType(query)
  const filter: Record<string, string> = artifactType ? { artifactType } : {}
  const found = await registry.listReferrers(name, digest, { ...oneMore(page), artifactType })
  const { shown, headers } = cutPage(found, page.limit, `/v2/${name}/referrers/${digest}`, (one) => one.digest, filter)
  const applied = artifactType ? { 'oci-filters-applied': 'artifactType' } : {}
  const body = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: shown })
  send(response, 200, { 'content-type': ociIndex, ...headers, ...warningOf(found.warning), ...applied }, body)
}

/** Before a type's parameters, a space stands for a plus: form encoding reads `+` as a space, and no type has one. */
function parseArtifactType(query: URLSearchParams): string | undefined {
  const text = query.get('artifactType')?.replace(/^[^;]*/, (type) => type.replaceAll(' ', '+')) || undefined
  if (text !== undefined && !isMediaType(text))
    throw new OciError('BAD_REQUEST', `artifactType must be ${mediaTypeRule}`)
  return text
}

function parsePage(query: URLSearchParams, most: number): Page {
  const n = query.get('n')
  if (n !== null && !/^\d+$/.test(n)) {
    const detail = { n: n.slice(0, 40) }
    throw new OciError('PAGINATION_NUMBER_INVALID', 'n must be a whole number, 0 or more', { detail })
  }
  const last = query.get('last') ?? ''
  if (last.length > 512 || last.includes('\0')) {
    throw new OciError('BAD_REQUEST', 'last is not a name from an earlier page')
  }
  return { limit: n === null ? most : Math.min(Number(n), most), last }
}

/** One row more than the page has tells whether there is another page. */
const oneMore = (page: Page): Page => ({ ...page, limit: page.limit + 1 })

/** Cuts off the extra row that `oneMore` read; where there was one, links to the next page (RFC 8288). */
function cutPage<Row>(
  rows: Row[],
  limit: number,
  path: string,
  nameOf: (row: Row) => string,
  more: Record<string, string> = {},
) {
  const shown = rows.slice(0, limit)
  if (limit === 0 || rows.length <= limit) return { shown, headers: {} }
  const next = new URLSearchParams({ ...more, n: String(limit), last: nameOf(shown.at(-1)!) })
  return { shown, headers: { link: `<${path}?${next.toString()}>; rel="next"` } }
}
