import { wordsOf } from './language.ts'

const en = {
  tokens: 'Personal access tokens',
  name: 'Name',
  may: 'May',
  all: 'all that the account may do',
  nothing: 'nothing any more: its projects are deleted',
  created: 'Made',
  revoke: 'Revoke',
  revokeTitle: (name: string) => `Revoke the token ${name}?`,
  revokeHint:
    'Programs that use it are shut out at once, everywhere. This cannot be undone: they need a new token afterwards.',
  revoked: (name: string) => `The token ${name} is revoked.`,
}

const de: typeof en = {
  tokens: 'Persönliche Zugriffstoken',
  name: 'Name',
  may: 'Darf',
  all: 'alles, was das Konto darf',
  nothing: 'nichts mehr: seine Projekte sind gelöscht',
  created: 'Angelegt',
  revoke: 'Widerrufen',
  revokeTitle: (name) => `Das Token ${name} widerrufen?`,
  revokeHint:
    'Programme, die es benutzen, sind sofort überall ausgesperrt. Das lässt sich nicht rückgängig machen: Sie ' +
    'brauchen danach ein neues Token.',
  revoked: (name) => `Das Token ${name} ist widerrufen.`,
}

/** Words about personal access tokens, one's own and those of others. */
export const tokenWords = wordsOf({ en, de })
