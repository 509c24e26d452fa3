import type { Actor, Place } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

export const facts = {
  /** Comes after artifact.pushed and tag.created of all that came back. `tags`: the first hundred. */
  trashRestored: (at: Place & { kind: 'tag' | 'artifact' | 'repository'; digest: string | null; tags: string[] }, by: Actor): Fact => ({ topic: 'trash.restored', payload: { ...at, by } }),
}
