import { topic } from '../../catalog/topic.ts'
import type { Place } from '../../catalog/topics.ts'

type Restored = Place & { kind: 'tag' | 'artifact' | 'repository'; digest: string | null; tags: string[] }

export const facts = {
  /** Comes after artifact.pushed and tag.created of all that came back. `tags`: the first hundred. */
  trashRestored: topic<Restored>('trash.restored'),
}
