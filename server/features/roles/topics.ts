import { topic } from '../../catalog/topic.ts'

type OfRole = { projectId: number | null; roleId: number; name: string }
type Holder = { holder: string; kind: 'account' | 'group' }
type Bound = Holder & { projectId: number; bindingId: number; roleId: number; role: string; repositories: string }

const holder = ({ holder: name }: Holder) => name

/** `repositories`: the pattern in which a binding holds; '' for the whole project. */
export const facts = {
  roleCreated: topic<OfRole & { permissions: string[] }>('role.created'),
  roleChanged: topic<OfRole & { changed: { name?: string; description?: string; permissions?: string[] } }>(
    'role.changed',
  ),
  roleDeleted: topic<OfRole>('role.deleted'),
  roleBound: topic<Bound>('role-binding.added', { resource: holder }),
  roleUnbound: topic<Bound>('role-binding.removed', { resource: holder }),
  auditorAdded: topic<Holder & { mayPull: boolean }>('auditor.added', { resource: holder }),
  auditorRemoved: topic<Holder>('auditor.removed', { resource: holder }),
}
