import { topic } from '../../catalog/topic.ts'
import type { Place } from '../../catalog/topics.ts'

type Restored = Place & { kind: 'tag' | 'artifact' | 'repository'; digest: string | null; tags: string[] }

export const facts = {
  /** Follows artifact.pushed and tag.created of everything restored. `tags`: the first 100. */
  trashRestored: topic<Restored>('trash.restored'),
}
