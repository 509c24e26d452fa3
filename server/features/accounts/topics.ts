import { topic } from '../../catalog/topic.ts'

type Account = { accountId: number; name: string }

/** Harbor's word for an account. */
const type = 'user'

/** `changed` maps field names to new values and never holds a secret. */
export const facts = {
  accountCreated: topic<Account>('account.created', { type }),
  accountChanged: topic<Account & { changed: Record<string, string | boolean | null> }>('account.changed', { type }),
  accountPasswordChanged: topic<Account>('account.password-changed', {
    type,
    operation: 'update',
    description: ({ name }) => `change the password of user: ${name}`,
  }),
  accountDeleted: topic<Account & { projectsHandedTo: number | null }>('account.deleted', { type }),
  sessionOpened: topic<Account>('session.opened', { type, operation: 'login' }),
  sessionClosed: topic<Account>('session.closed', { type, operation: 'logout' }),
}
