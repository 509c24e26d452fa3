import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Groups',
  about: 'Groups of a directory or of single sign-on. Their members get the roles that a group has in projects.',
  create: 'New group',
  filter: 'Filter by name',
  name: 'Name',
  kind: 'Kind',
  kinds: { 1: 'LDAP', 2: 'HTTP', 3: 'OIDC' } as Record<number, string>,
  dn: 'Distinguished name',
  dnHint: 'Where the group stands in the directory: cn=dev,ou=groups,dc=example,dc=com',
  nameHint: 'For OIDC and HTTP as the claim has it.',
  lookUp: 'Look it up in the directory',
  notInDirectory: (name: string) => `The directory has no group called ${name}.`,
  none: 'No group yet',
  noneHint: 'Groups come from LDAP, OIDC or an HTTP proxy. Accounts of this Marina alone need none.',
  rename: 'Rename',
  renameTitle: (name: string) => `Rename ${name}`,
  made: (name: string) => `The group ${name} is there.`,
  saved: (name: string) => `The group is called ${name} now.`,
  gone: (name: string) => `The group ${name} is deleted.`,
  deleteTitle: (name: string) => `Delete the group ${name}?`,
  deleteHint: 'Its roles in projects go with it. The group in the directory stays.',
  mayNot: 'You may look at groups, and not change them.',
}

const de: typeof en = {
  title: 'Gruppen',
  about:
    'Gruppen eines Verzeichnisses oder des Single Sign-on. Ihre Mitglieder bekommen die Rollen, die eine ' +
    'Gruppe in Projekten hat.',
  create: 'Neue Gruppe',
  filter: 'Nach Namen filtern',
  name: 'Name',
  kind: 'Art',
  kinds: { 1: 'LDAP', 2: 'HTTP', 3: 'OIDC' },
  dn: 'Distinguished Name',
  dnHint: 'Wo die Gruppe im Verzeichnis steht: cn=dev,ou=groups,dc=example,dc=com',
  nameHint: 'Bei OIDC und HTTP so, wie der Claim ihn hat.',
  lookUp: 'Im Verzeichnis nachschlagen',
  notInDirectory: (name) => `Im Verzeichnis gibt es keine Gruppe namens ${name}.`,
  none: 'Noch keine Gruppe',
  noneHint: 'Gruppen kommen aus LDAP, OIDC oder einem HTTP-Proxy. Konten nur dieses Marina brauchen keine.',
  rename: 'Umbenennen',
  renameTitle: (name) => `${name} umbenennen`,
  made: (name) => `Die Gruppe ${name} ist da.`,
  saved: (name) => `Die Gruppe heißt jetzt ${name}.`,
  gone: (name) => `Die Gruppe ${name} ist gelöscht.`,
  deleteTitle: (name) => `Die Gruppe ${name} löschen?`,
  deleteHint: 'Ihre Rollen in Projekten gehen mit. Die Gruppe im Verzeichnis bleibt.',
  mayNot: 'Gruppen lassen sich mit diesen Rechten ansehen, aber nicht ändern.',
}

export const words = wordsOf({ en, de })
