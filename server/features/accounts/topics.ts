import { topic } from '../../catalog/topic.ts'

type Account = { accountId: number; name: string }

/** Harbor's word for an account. */
const type = 'user'

/** `changed` maps field names to new values and never holds a secret. */
export const facts = {
  accountCreated: topic<Account>('account.created', { type }),
  accountChanged: topic<Account & { changed: Record<string, string | boolean | null> }>('account.changed', { type }),
  /** The provider of the account, `ldap` for a directory, says that the person is gone. */
  accountGone: topic<Account & { provider: string }>('account.gone', {
    type,
    operation: 'update',
    description: ({ name, provider }) => `${provider} says that ${name} is gone: sessions ended, tokens stopped`,
  }),
  accountPasswordChanged: topic<Account>('account.password-changed', {
    type,
    operation: 'update',
    description: ({ name }) => `change user password: ${name}`,
  }),
  accountDeleted: topic<Account & { projectsHandedTo: number | null }>('account.deleted', { type }),
  tokenCreated: topic<Account & { tokenName: string }>('token.created', {
    type,
    operation: 'update',
    description: ({ name, tokenName }) => `create personal token of ${name}: ${tokenName}`,
  }),
  tokenRevoked: topic<Account & { tokenName: string }>('token.revoked', {
    type,
    operation: 'update',
    description: ({ name, tokenName }) => `revoke personal token of ${name}: ${tokenName}`,
  }),
  sessionOpened: topic<Account>('session.opened', { type, operation: 'login' }),
  sessionClosed: topic<Account>('session.closed', { type, operation: 'logout' }),
}
