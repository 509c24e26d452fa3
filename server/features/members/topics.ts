import { topic } from '../../catalog/topic.ts'

type Membership = { projectId: number; memberId: number; member: string; kind: 'account' | 'group'; role: number }

const resource = ({ member }: Membership) => member

export const facts = {
  memberAdded: topic<Membership>('member.added', { resource }),
  memberChanged: topic<Membership & { before: number }>('member.changed', { resource }),
  memberRemoved: topic<Membership>('member.removed', { resource }),
}
