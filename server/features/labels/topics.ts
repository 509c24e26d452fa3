import { topic } from '../../catalog/topic.ts'

/** `projectId` null: a global label. */
type Label = { labelId: number; name: string; projectId: number | null }

export const facts = {
  labelCreated: topic<Label>('label.created'),
  labelUpdated: topic<Label & { changed: Record<string, unknown> }>('label.updated'),
  labelDeleted: topic<Label>('label.deleted'),
}
