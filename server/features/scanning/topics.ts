import type { RepositoryName } from '../../../oci/reference.ts'
import { topic } from '../../catalog/topic.ts'
import { schedulingOf } from '../job-service/index.ts'

type Scanner = { scannerId: string; name: string }

type Scanned = { projectId: number; repository: string; digest: string }
/** A scan that has ended. `overview`: what a webhook shows of the image, by the name of its field in `resources`. */
export type ScanEnded = Scanned & {
  repository: RepositoryName
  tags: string[]
  scanType: 'vulnerability' | 'sbom'
  overview: { scan_overview?: object; sbom_overview?: object }
}
const ofScan = { type: 'scan', resource: ({ repository, digest }: Scanned) => `${repository}@${digest}` }
const ofSbom = { type: 'sbom', resource: ({ repository, digest }: Scanned) => `${repository}@${digest}` }

const ofAll = { type: 'scan_all', resource: () => 'all images' }

/** `changed` holds names of fields, never the credential. */
export const facts = {
  scannerCreated: topic<Scanner & { url: string }>('scanner.created'),
  scannerChanged: topic<Scanner & { changed: string[] }>('scanner.changed'),
  scannerDeleted: topic<Scanner>('scanner.deleted'),
  scannerChosen: topic<Scanner & { projectId: number }>('scanner.chosen', { operation: 'update' }),
  /** By a caller; a push that makes SBOMs is told of by `artifact.pushed`. */
  sbomRequested: topic<Scanned>('sbom.requested', { ...ofSbom, operation: 'create' }),
  /** By a caller; a push that has images scanned is told of by `artifact.pushed`. */
  scanRequested: topic<Scanned>('scan.requested', { ...ofScan, operation: 'create' }),
  /** Of each image that was being scanned for vulnerabilities. */
  scanStopped: topic<ScanEnded>('scan.stopped', { ...ofScan, operation: 'stop' }),
  scanCompleted: topic<ScanEnded>('scan.completed', { ...ofScan, operation: 'complete' }),
  scanFailed: topic<ScanEnded & { reason: string }>('scan.failed', {
    ...ofScan,
    operation: 'complete',
    isFailure: true,
    description: ({ repository, digest, reason }) => `scan failed: ${repository}@${digest}: ${reason}`,
  }),
  /** Of each image of which an SBOM was being made. */
  sbomStopped: topic<ScanEnded>('sbom.stopped', { ...ofSbom, operation: 'stop' }),
  scanAllRequested: topic<{ executionId: number }>('scan-all.requested', { ...ofAll, operation: 'create' }),
  scanAllStopped: topic<{ executionId: number }>('scan-all.stopped', { ...ofAll, operation: 'stop' }),
  /** `cron` is null when the schedule was removed. */
  scanAllScheduled: topic<{ cron: string | null }>('scan-all.scheduled', {
    ...ofAll,
    operation: 'update',
    description: schedulingOf('the scan of all images'),
  }),
}
