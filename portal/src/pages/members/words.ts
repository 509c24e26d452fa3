import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Members',
  about: 'Who may do what in this project. Groups give their role to everybody in them.',
  add: 'Add member',
  addTitle: 'Add a member',
  filter: 'Filter by name',
  name: 'Name',
  kind: 'Kind',
  person: 'Person',
  group: 'Group',
  role: 'Role',
  may: 'May',
  since: 'Member since',
  by: (name: string) => `by ${name}`,
  roleHint: 'A person who has several roles, by groups, has the rights of all of them.',
  who: 'Person or group',
  whoHint: 'Type a part of the name, and choose. Names of accounts may also be written whole.',
  whoBad: 'Choose who it is.',
  noAccount: (name: string) => `There is no account or group called ${name}.`,
  isMember: (name: string) => `${name} is a member already. Change the role in the list.`,
  added: (name: string, role: string) => `${name} is now ${role}.`,
  you: 'you',
  change: 'Change role',
  changeTitle: (name: string) => `Role of ${name}`,
  remove: 'Remove',
  removeTitle: (name: string) => `Remove ${name} from the project?`,
  removeHint: (role: string) =>
    `The role “${role}” ends at once. Robots and images that this member made stay. A member who is also in a group ` +
    'of the project keeps the rights of that group.',
  removeSelf: 'This is your own membership: without it you may not come back to a private project.',
  removed: (name: string) => `${name} is no longer a member.`,
  notAllowed: 'Only project administrators change members.',
  emptyTitle: 'No members yet',
  emptyHint: 'Add the people and groups that pull or push here. A private project is invisible to everybody else.',
  removeMany: (count: number) => `${count} lose their role in this project at once.`,
}

const de: typeof en = {
  title: 'Mitglieder',
  about: 'Wer in diesem Projekt was darf. Gruppen geben ihre Rolle an alle weiter, die darin sind.',
  add: 'Mitglied hinzufügen',
  addTitle: 'Mitglied hinzufügen',
  filter: 'Nach Namen filtern',
  name: 'Name',
  kind: 'Art',
  person: 'Person',
  group: 'Gruppe',
  role: 'Rolle',
  may: 'Darf',
  since: 'Mitglied seit',
  by: (name) => `durch ${name}`,
  roleHint: 'Wer durch Gruppen mehrere Rollen hat, hat die Rechte von allen.',
  who: 'Person oder Gruppe',
  whoHint: 'Einen Teil des Namens eingeben und auswählen. Kontonamen lassen sich auch ganz ausschreiben.',
  whoBad: 'Bitte auswählen, um wen es geht.',
  noAccount: (name) => `Es gibt kein Konto und keine Gruppe namens ${name}.`,
  isMember: (name) => `${name} ist schon Mitglied. Die Rolle lässt sich in der Liste ändern.`,
  added: (name, role) => `${name} ist jetzt ${role}.`,
  you: 'eigenes Konto',
  change: 'Rolle ändern',
  changeTitle: (name) => `Rolle von ${name}`,
  remove: 'Entfernen',
  removeTitle: (name) => `${name} aus dem Projekt entfernen?`,
  removeHint: (role) =>
    `Die Rolle „${role}“ endet sofort. Robots und Images, die von diesem Mitglied stammen, bleiben. Wer in einer ` +
    'Gruppe des Projekts ist, behält, was die Gruppe darf.',
  removeSelf: 'Das ist die eigene Mitgliedschaft: ohne sie führt in ein privates Projekt kein Weg zurück.',
  removed: (name) => `${name} ist kein Mitglied mehr.`,
  notAllowed: 'Nur Projektadministratoren ändern die Mitglieder.',
  emptyTitle: 'Noch keine Mitglieder',
  emptyHint:
    'Hierher gehören die Personen und Gruppen, die pullen oder pushen. Für alle anderen ist ein privates ' +
    'Projekt unsichtbar.',
  removeMany: (count) => `${count} verlieren ihre Rolle in diesem Projekt sofort.`,
}

export const words = wordsOf({ en, de })
