import { topic } from '../../catalog/topic.ts'

type Scanner = { scannerId: string; name: string }

type Scanned = { projectId: number; repository: string; digest: string }
const ofSbom = { type: 'sbom', resource: ({ repository, digest }: Scanned) => `${repository}@${digest}` }

/** `changed` holds names of fields, never the credential. */
export const facts = {
  scannerCreated: topic<Scanner & { url: string }>('scanner.created'),
  scannerChanged: topic<Scanner & { changed: string[] }>('scanner.changed'),
  scannerDeleted: topic<Scanner>('scanner.deleted'),
  scannerChosen: topic<Scanner & { projectId: number }>('scanner.chosen', { operation: 'update' }),
  /** By a caller; a push that makes SBOMs is told of by `artifact.pushed`. */
  sbomRequested: topic<Scanned>('sbom.requested', { ...ofSbom, operation: 'create' }),
  sbomStopped: topic<Scanned>('sbom.stopped', { ...ofSbom, operation: 'stop' }),
}
