import { topic, type Actor } from '../../catalog/topic.ts'
import type { Place } from './rules.ts'

type SystemArtifact = Place & { digest: string; size: number }

/** The actor of these facts is Marina itself; the fact of the request names the caller. */
export const marina: Actor = { kind: 'system', id: null, name: 'marina' }

export const facts = {
  systemArtifactCreated: topic<SystemArtifact>('system-artifact.created'),
  systemArtifactDeleted: topic<SystemArtifact>('system-artifact.deleted'),
}
