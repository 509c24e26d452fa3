import { ScanRefused } from '../scanner.ts'

/** The one form of SBOMs that is asked for, as in Harbor: SPDX in JSON. */
export const spdxType = 'application/spdx+json'

/** The largest document, in bytes, as for Marina's own: `additions/sbom` reads one whole. */
const mostBytes = 16 * 2 ** 20

/**
 * The SPDX document of a report of type `application/vnd.security.sbom.report+json; version=1.0`. Throws ScanRefused
 * for what is none: another form, another version of SPDX than 2, or more than 16 MiB.
 */
export function parseSbomReport(raw: Buffer): Buffer {
  const { media_type: mediaType, sbom } = objectOf(parse(raw), 'the report')
  if (mediaType !== undefined && mediaType !== spdxType)
    throw new ScanRefused(`the report holds another form of SBOM than ${spdxType}`)
  const document = objectOf(sbom, 'the SBOM of the report')
  const { spdxVersion } = document
  if (typeof spdxVersion !== 'string' || !/^SPDX-2\.\d+$/.test(spdxVersion))
    throw new ScanRefused('the SBOM of the report is no document of SPDX 2')
  if (!Array.isArray(document['packages'])) throw new ScanRefused('the SBOM of the report has no list of packages')
  const content = Buffer.from(JSON.stringify(document))
  if (content.length > mostBytes) throw new ScanRefused(`the SBOM is larger than ${mostBytes} bytes`)
  return content
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'))
  } catch (error) {
    throw new ScanRefused('the report is not JSON', { cause: error })
  }
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ScanRefused(`${name} is not an object`)
  return value as Record<string, unknown>
}
