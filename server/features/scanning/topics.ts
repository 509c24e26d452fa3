import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

type Named = { scannerId: string; name: string }

/** `changed` names fields and never holds the credential. */
export const facts = {
  scannerCreated: (at: Named & { url: string }, by: Actor): Fact => ({ topic: 'scanner.created', payload: { ...at, by } }),
  scannerChanged: (at: Named & { changed: string[] }, by: Actor): Fact => ({ topic: 'scanner.changed', payload: { ...at, by } }),
  scannerDeleted: (at: Named, by: Actor): Fact => ({ topic: 'scanner.deleted', payload: { ...at, by } }),
  scannerChosen: (at: Named & { projectId: number }, by: Actor): Fact => ({ topic: 'scanner.chosen', payload: { ...at, by } }),
}
