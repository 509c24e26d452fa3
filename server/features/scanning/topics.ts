import { topic } from '../../catalog/topic.ts'

type Scanner = { scannerId: string; name: string }

/** `changed` names fields and never holds the credential. */
export const facts = {
  scannerCreated: topic<Scanner & { url: string }>('scanner.created'),
  scannerChanged: topic<Scanner & { changed: string[] }>('scanner.changed'),
  scannerDeleted: topic<Scanner>('scanner.deleted'),
  scannerChosen: topic<Scanner & { projectId: number }>('scanner.chosen', { operation: 'update' }),
}
