import { topic } from '../../catalog/topic.ts'

type Group = { groupId: number; name: string }

/** Harbor's word for a group. */
const type = 'user_group'

export const facts = {
  groupCreated: topic<Group & { type: number }>('group.created', { type }),
  groupChanged: topic<Group & { before: string }>('group.changed', { type }),
  groupDeleted: topic<Group>('group.deleted', { type }),
}
