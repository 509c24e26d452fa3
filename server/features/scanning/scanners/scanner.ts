import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import type { Maybe } from '../../../platform/maybe.ts'
import type { Finding } from '../reports/finding.ts'

/**
 * An image, which is never an index: an index is scanned by its images. `size` in bytes, with its layers; `tag` is its
 * newest one, or '' for none.
 */
export type ScannedImage = {
  id: number
  digest: Digest
  mediaType: string
  size: number
  tag: string
  repository: RepositoryName
  repositoryId: number
  projectId: number
}

/** What the job that scans lends: all are its own. */
export type ScanRun = {
  taskId: number
  signal: AbortSignal
  log(line: string, level?: 'INFO' | 'WARNING'): void
}

/** Names as Harbor's API shows them with a report. */
export type ScannerDescription = { name: string; vendor: string; version: string }

/** An SBOM: a document of `mediaType`. */
export type SbomReport = { mediaType: string; content: Buffer }

/** What a look for vulnerabilities has found: all of it, or an error is thrown instead. */
export type VulnerabilityReport = {
  /** Of the report, as which it is shown: `application/vnd.security.vulnerability.report; version=1.1` or its elder. */
  mimeType: string
  scanner: ScannerDescription
  findings: Finding[]
  /** The scanner's answer as it came. */
  raw?: Buffer
}

/**
 * Looks into images and reports on them. `start` begins, and returns what `report` needs to wait for the result: a
 * scanner that runs elsewhere gives its own id. Both throw ScanRefused for an image that no retry makes readable.
 */
export type Scanner<Report, Ticket = unknown> = {
  describe(): Maybe<ScannerDescription>
  start(image: ScannedImage, run: ScanRun): Promise<Ticket>
  report(ticket: Ticket, run: ScanRun): Promise<Report>
}

/** The image cannot be scanned, however often that is tried. The text says why, for people. */
export class ScanRefused extends Error {
  override name = 'ScanRefused'
}
