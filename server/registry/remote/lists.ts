import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { Descriptor } from '../../../oci/manifest.ts'
import { ociIndex } from '../../../oci/media-type.ts'
import { isTag, type RepositoryName } from '../../../oci/reference.ts'
import { failed } from './answers.ts'
import { descriptorsOf } from './descriptors.ts'
import type { Line } from './line.ts'
import { isRemoteName } from './name.ts'
import { pages } from './pages.ts'
import { fallbackReferrers } from './referrer-tag.ts'
import { catalogScope, pullScope } from './scopes.ts'

/** The entries of one page that the other side is asked for. */
const pageSize = 1000

/** All repositories, page by page (distribution, "Catalog"). Names that break the specification's form are left out. */
export async function* listCatalog(line: Line, { size = pageSize, last = '' } = {}): AsyncGenerator<RepositoryName[]> {
  const question = { ...asked(`${line.base}/v2/_catalog`, size, last), scopes: [catalogScope] }
  for await (const page of pages(line, {
    question,
    size,
    read: (json) => texts((json as { repositories?: unknown } | null)?.repositories),
    last: (name) => name,
  }))
    yield page.filter(isRemoteName)
}

/** All tags of a repository, page by page; throws NAME_UNKNOWN. */
export async function* listTagPages(
  line: Line,
  name: RepositoryName,
  { size = pageSize, last = '' } = {},
): AsyncGenerator<string[]> {
  const question = {
    ...asked(`${line.base}/v2/${name}/tags/list`, size, last),
    scopes: [pullScope(name)],
    unknown: 'NAME_UNKNOWN' as const,
  }
  for await (const page of pages(line, {
    question,
    size,
    // A repository without tags has `null` in many registries.
    read: (json) => texts((json as { tags?: unknown } | null)?.tags),
    last: (tag) => tag,
  }))
    yield page.filter(isTag)
}

/**
 * All referrers of a subject: by the API, or by the tag scheme where there is no API (OCI Distribution Specification
 * 1.1, "Listing Referrers").
 */
export async function* listReferrerPages(
  line: Line,
  name: RepositoryName,
  subject: Digest,
  artifactType?: string,
): AsyncGenerator<Descriptor[]> {
  const keep = (all: Descriptor[]) =>
    artifactType === undefined ? all : all.filter((one) => one.artifactType === artifactType)
  if (line.seen.referrersApi !== false) {
    const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`
    const question = {
      method: 'GET',
      url: `${line.base}/v2/${name}/referrers/${subject}${query}`,
      headers: { accept: ociIndex },
      scopes: [pullScope(name)],
      expects: [200],
      isRepeatable: true,
      unknown: 'NOT_FOUND' as const,
    }
    try {
      for await (const page of pages(line, { question, read: descriptorsOf })) {
        line.seen.referrersApi = true
        yield keep(page)
      }
      return
    } catch (error) {
      // Where the API is known, a 404 is about the repository: it has no referrers then.
      const isUnknown = error instanceof OciError && ['NOT_FOUND', 'NAME_UNKNOWN', 'UNSUPPORTED'].includes(error.code)
      if (!isUnknown || (line.seen.referrersApi === true && error.code !== 'NAME_UNKNOWN')) throw error
      if (error.code !== 'NAME_UNKNOWN') line.seen.referrersApi = false
    }
  }
  yield keep(await fallbackReferrers(line, name, subject))
}

/** At most `limit` entries behind `last`, in order, even of a registry that knows neither `n` nor `last`. */
export async function firstBehind(
  line: Line,
  all: AsyncGenerator<string[]>,
  { limit, last }: { limit: number; last: string },
): Promise<string[]> {
  const found: string[] = []
  for await (const page of all) {
    found.push(...page.filter((entry) => entry > last))
    if (found.length >= limit) break
    if (found.length > most) throw failed(line, { method: 'GET', url: line.base }, 'lied', 'its list has no end')
  }
  return found.sort((a, b) => (a < b ? -1 : 1)).slice(0, limit)
}

/** The most entries of a list that are held in memory at once. */
const most = 1_000_000

const asked = (path: string, size: number, last: string) => ({
  method: 'GET',
  url: `${path}?n=${size}${last === '' ? '' : `&last=${encodeURIComponent(last)}`}`,
  headers: { accept: 'application/json' },
  expects: [200],
  isRepeatable: true,
})

function texts(list: unknown): string[] | undefined {
  if (list === null) return []
  if (!Array.isArray(list)) return undefined
  return list.every((one) => typeof one === 'string') ? list : undefined
}
