import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'
import type { Place } from './rules.ts'

type At = Place & { digest: string; size: number }

/** Marina itself does it; who asked for it stands in the fact of the asking. */
const by: Actor = { kind: 'system', id: null, name: 'marina' }

export const facts = {
  systemArtifactCreated: (at: At): Fact => ({ topic: 'system-artifact.created', payload: { ...at, by } }),
  systemArtifactDeleted: (at: At): Fact => ({ topic: 'system-artifact.deleted', payload: { ...at, by } }),
}
