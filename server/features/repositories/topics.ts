import type { Actor, Place } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

export const facts = {
  repositoryChanged: (at: Place & { changed: string[] }, by: Actor): Fact => ({ topic: 'repository.changed', payload: { ...at, by } }),
  repositoryDeleted: (at: Place & { artifacts: number }, by: Actor): Fact => ({ topic: 'repository.deleted', payload: { ...at, by } }),
}
