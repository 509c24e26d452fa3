import type { Static } from 'typebox'
import { ScannerAdapterMetadata } from '../../../../../api/scanners.ts'
import { Failure } from '../../../../platform/http/failure.ts'
import { OutboundFailed, OutboundRefused, type Outbound } from '../../../../platform/outbound/outbound.ts'
import { authHeaders, type Address } from '../../rules.ts'

export type Metadata = Static<typeof ScannerAdapterMetadata>
type Kind = 'vulnerability' | 'sbom'

/** Types of reports, by the names that the pluggable scanner API gives them. */
export const reportTypes = {
  generic: 'application/vnd.security.vulnerability.report; version=1.1',
  native: 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
  sbom: 'application/vnd.security.sbom.report+json; version=1.0',
  raw: 'application/vnd.scanner.adapter.vuln.report.raw',
} as const

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json'
/** How long one small request to a scanner may take, in ms, as in Harbor. */
export const timeoutMs = 5000
const answerBytes = 256 * 1024

/** The URL of an operation of the pluggable scanner API. */
export const urlOf = ({ url }: Pick<Address, 'url'>, path: string) => `${url.replace(/\/+$/, '')}/api/v1${path}`

/** Asks a scanner for its name and abilities (pluggable scanner API 1.x, GET /api/v1/metadata). Throws BAD_REQUEST. */
export async function askMetadata(outbound: Outbound, address: Address, signal?: AbortSignal): Promise<Metadata> {
  const reply = await outbound
    .send({
      url: urlOf(address, '/metadata'),
      method: 'GET',
      headers: { accept: 'application/vnd.scanner.adapter.metadata+json; version=1.0', ...authHeaders(address) },
      timeoutMs,
      answerBytes,
      verifiesTls: !address.skipsTlsCheck,
      ...(signal ? { signal } : {}),
    })
    .catch((error: unknown) => {
      if (error instanceof OutboundRefused || error instanceof OutboundFailed)
        throw new Failure('BAD_REQUEST', `the scanner cannot be asked: ${error.message}`, { cause: error })
      throw error
    })
  if (reply.status !== 200) throw new Failure('BAD_REQUEST', `the scanner answers with status ${reply.status}`)
  const metadata = await readMetadata(reply.body.toString('utf8'))
  const problem = metadataProblem(metadata)
  if (problem !== undefined) throw new Failure('BAD_REQUEST', `the scanner's metadata are wrong: ${problem}`)
  return metadata
}

/** Why metadata are refused, by the rules of Harbor; undefined when they are not. */
export function metadataProblem({ scanner, capabilities }: Metadata): string | undefined {
  const missing = (['name', 'vendor', 'version'] as const).find((key) => !scanner[key])
  if (missing) return `scanner.${missing} is missing`
  if (capabilities.length === 0) return 'it has no capabilities'
  const { generic, native, sbom } = reportTypes
  for (const [index, { consumes_mime_types: taken = [], produces_mime_types: made = [] }] of capabilities.entries()) {
    if (!taken.includes(dockerManifest)) return `capability ${index + 1} does not consume ${dockerManifest}`
    if (![generic, native, sbom].some((type) => made.includes(type)))
      return `capability ${index + 1} produces none of ${[generic, native, sbom].join(', ')}`
  }
  return undefined
}

/** By the name of the property in which a scanner says how old its data is (pluggable scanner API 1.x). */
const dataProperty = 'harbor.scanner-adapter/vulnerability-database-updated-at'

/** When the data of a scanner was made, by its own word; null without one. */
export function dataTimeOf({ properties = {} }: Metadata): Date | null {
  const ms = Date.parse(properties[dataProperty] ?? '')
  // PostgreSQL has no times beyond these, and a date of the future says nothing either.
  return ms > 0 && ms < Date.now() + 86_400_000 ? new Date(ms) : null
}

/** Without a type, as before version 1.2, a capability is for vulnerabilities. */
export const kindOf = ({ type = 'vulnerability' }: Metadata['capabilities'][number]) => type

/**
 * The type of report to ask for, the newest that the scanner makes of an image of this media type; a text that says why
 * there is none.
 */
export function chooseReport(
  { capabilities }: Metadata,
  kind: Kind,
  mediaType: string,
): { mimeType: string } | { problem: string } {
  const fit = capabilities.filter((one) => kindOf(one) === kind)
  if (fit.length === 0) return { problem: `the scanner does not look for ${kind}s` }
  const able = fit.filter(({ consumes_mime_types: taken = [] }) => taken.includes(mediaType))
  if (able.length === 0) return { problem: `the scanner does not support artifacts of type ${mediaType}` }
  const wanted = kind === 'sbom' ? [reportTypes.sbom] : [reportTypes.generic, reportTypes.native]
  const mimeType = wanted.find((type) => able.some(({ produces_mime_types: made = [] }) => made.includes(type)))
  return mimeType ? { mimeType } : { problem: `the scanner makes no report that Marina reads` }
}

async function readMetadata(text: string): Promise<Metadata> {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    // An answer that is not JSON is refused below, like all that are not metadata.
  }
  // Hundreds of modules, which only a scanner needs.
  const { Value } = await import('typebox/value')
  if (!Value.Check(ScannerAdapterMetadata, answer))
    throw new Failure('BAD_REQUEST', 'the answer at this URL is not that of a scanner adapter')
  return answer
}
