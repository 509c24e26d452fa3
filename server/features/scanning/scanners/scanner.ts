import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import type { Maybe } from '../../../platform/maybe.ts'

/** An image, which is never an index: an index is scanned by its images. */
export type ScannedImage = { repository: RepositoryName; digest: Digest }

/** What the job that scans lends: both are its own. */
export type ScanRun = { signal: AbortSignal; log(line: string, level?: 'INFO' | 'WARNING'): void }

/** Names as Harbor's API shows them with a report. */
export type ScannerDescription = { name: string; vendor: string; version: string }

/** What a scanner found: a document of `mediaType`. */
type Report = { mediaType: string; content: Buffer }

/**
 * Looks into images and reports on them. `start` begins, and returns what `report` needs to wait for the result: a
 * scanner that runs elsewhere gives its own id. Both throw ScanRefused for an image that no retry makes readable.
 */
export type Scanner<Ticket = unknown> = {
  describe(): Maybe<ScannerDescription>
  start(image: ScannedImage, run: ScanRun): Promise<Ticket>
  report(ticket: Ticket, run: ScanRun): Promise<Report>
}

/** The image cannot be scanned, however often that is tried. The text says why, for people. */
export class ScanRefused extends Error {
  override name = 'ScanRefused'
}
