import { topic, type Actor } from '../../catalog/topic.ts'
import type { Place } from './rules.ts'

type SystemArtifact = Place & { digest: string; size: number }

/** Marina itself makes and deletes them; who asked for it stands in the fact of the asking. */
export const marina: Actor = { kind: 'system', id: null, name: 'marina' }

export const facts = {
  systemArtifactCreated: topic<SystemArtifact>('system-artifact.created'),
  systemArtifactDeleted: topic<SystemArtifact>('system-artifact.deleted'),
}
