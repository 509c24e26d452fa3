import { topic } from '../../catalog/topic.ts'

type Scanner = { scannerId: string; name: string }

/** `changed` holds names of fields, never the credential. */
export const facts = {
  scannerCreated: topic<Scanner & { url: string }>('scanner.created'),
  scannerChanged: topic<Scanner & { changed: string[] }>('scanner.changed'),
  scannerDeleted: topic<Scanner>('scanner.deleted'),
  scannerChosen: topic<Scanner & { projectId: number }>('scanner.chosen', { operation: 'update' }),
}
