import { topic } from '../../catalog/topic.ts'
import type { Place } from '../../catalog/topics.ts'

export const facts = {
  repositoryChanged: topic<Place & { changed: string[] }>('repository.changed'),
  repositoryDeleted: topic<Place & { artifacts: number }>('repository.deleted'),
}
