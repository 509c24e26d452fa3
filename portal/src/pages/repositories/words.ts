import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Repositories',
  filter: 'Filter by name',
  name: 'Name',
  artifacts: 'Artifacts',
  tags: 'Tags',
  size: 'Size',
  pulls: 'Pulls',
  pushed: 'Last push',
  pulled: 'Last pull',
  used: 'Storage',
  usedOf: (used: string, limit: string) => `${used} of ${limit}`,
  usedFree: (used: string) => `${used} used, no limit`,
  pullCopy: 'Copy the pull command',
  empty: 'Nothing here yet',
  emptyHint: 'A repository appears with the first push into it. These commands push a local image:',
  emptyReader: 'A repository appears with the first push into it. Your role here may pull, and not push.',
  delete: 'Delete',
  deleteTitle: (name: string) => `Delete the repository ${name}?`,
  deleteAction: 'Delete the repository',
  what: (artifacts: number, shown: string) =>
    plural(artifacts, { one: 'Its one artifact goes', other: `Its ${shown} artifacts go` }),
  whatHint: 'with all tags, and can no longer be pulled.',
  trashHint: 'Until the time for that is over, the trash of the project brings everything back.',
  deleteMany: (count: number) =>
    plural(count, {
      one: 'This repository will be deleted with all its artifacts and tags.',
      other: `These ${count} repositories will be deleted with all their artifacts and tags.`,
    }),
  gone: (name: string) => `${name} is deleted.`,
  copied: 'The pull command is copied.',
}

const de: typeof en = {
  title: 'Repositorys',
  filter: 'Nach Namen filtern',
  name: 'Name',
  artifacts: 'Artefakte',
  tags: 'Tags',
  size: 'Größe',
  pulls: 'Pulls',
  pushed: 'Letzter Push',
  pulled: 'Letzter Pull',
  used: 'Speicher',
  usedOf: (used, limit) => `${used} von ${limit}`,
  usedFree: (used) => `${used} belegt, keine Grenze`,
  pullCopy: 'Pull-Befehl kopieren',
  empty: 'Hier ist noch nichts',
  emptyHint: 'Ein Repository entsteht mit dem ersten Push. Diese Befehle pushen ein lokales Image:',
  emptyReader: 'Ein Repository entsteht mit dem ersten Push. Ihre Rolle hier darf pullen, aber nicht pushen.',
  delete: 'Löschen',
  deleteTitle: (name) => `Das Repository ${name} löschen?`,
  deleteAction: 'Repository löschen',
  what: (artifacts, shown) =>
    plural(artifacts, { one: 'Sein einziges Artefakt geht', other: `Seine ${shown} Artefakte gehen` }),
  whatHint: 'mit allen Tags verloren und lässt sich nicht mehr pullen.',
  trashHint: 'Solange die Frist läuft, holt der Papierkorb des Projekts alles zurück.',
  deleteMany: (count) =>
    plural(count, {
      one: 'Dieses Repository wird mit allen Artefakten und Tags gelöscht.',
      other: `Diese ${count} Repositorys werden mit allen Artefakten und Tags gelöscht.`,
    }),
  gone: (name) => `${name} ist gelöscht.`,
  copied: 'Der Pull-Befehl ist kopiert.',
}

export const words = wordsOf({ en, de })
