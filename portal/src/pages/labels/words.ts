import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Labels',
  aboutSystem: 'Labels that every project can put on its artifacts. Projects have labels of their own, too.',
  aboutProject: 'Marks for artifacts, to find them and to write rules for them. Global labels can be used here, too.',
  add: 'New label',
  filter: 'Filter by name',
  name: 'Name',
  description: 'Description',
  color: 'Colour',
  created: 'Created',
  custom: 'Other colour',
  nameBad: 'Write a name.',
  nameTaken: (name: string) => `There is already a label called ${name}.`,
  edit: 'Edit',
  editTitle: (name: string) => `Edit the label ${name}`,
  made: (name: string) => `The label ${name} is there.`,
  saved: (name: string) => `The label ${name} is saved.`,
  deleteTitle: (name: string) => `Delete the label ${name}?`,
  deleteHint:
    'It goes from every artifact that has it. Rules that name it no longer find anything. This cannot be undone.',
  deleteMany: (count: number) =>
    plural(count, {
      one: 'This label goes from every artifact that has it.',
      other: `These ${count} labels go from every artifact that has them.`,
    }),
  gone: (name: string) => `The label ${name} is deleted.`,
  emptyTitle: 'No labels yet',
  emptySystem:
    'A label such as “approved” can be put on artifacts of every project; replication and rules can ask for it.',
  emptyProject:
    'A label such as “production” can be put on artifacts of this project; rules and replication can ask for it.',
}

const de: typeof en = {
  title: 'Labels',
  aboutSystem: 'Labels für die Artefakte aller Projekte. Projekte haben auch eigene.',
  aboutProject:
    'Marken für Artefakte, um sie zu finden und Regeln für sie zu schreiben. Globale Labels gelten hier auch.',
  add: 'Neues Label',
  filter: 'Nach Namen filtern',
  name: 'Name',
  description: 'Beschreibung',
  color: 'Farbe',
  created: 'Angelegt',
  custom: 'Andere Farbe',
  nameBad: 'Hier fehlt ein Name.',
  nameTaken: (name) => `Es gibt schon ein Label namens ${name}.`,
  edit: 'Bearbeiten',
  editTitle: (name) => `Label ${name} bearbeiten`,
  made: (name) => `Das Label ${name} ist da.`,
  saved: (name) => `Das Label ${name} ist gespeichert.`,
  deleteTitle: (name) => `Das Label ${name} löschen?`,
  deleteHint:
    'Es verschwindet von allen Artefakten, die es haben. Regeln, die es nennen, finden nichts mehr. Das lässt ' +
    'sich nicht rückgängig machen.',
  deleteMany: (count) =>
    plural(count, {
      one: 'Dieses Label verschwindet von allen Artefakten, die es haben.',
      other: `Diese ${count} Labels verschwinden von allen Artefakten, die sie haben.`,
    }),
  gone: (name) => `Das Label ${name} ist gelöscht.`,
  emptyTitle: 'Noch keine Labels',
  emptySystem:
    'Ein Label wie „freigegeben“ passt an Artefakte aller Projekte; Replikation und Regeln können danach fragen.',
  emptyProject:
    'Ein Label wie „produktiv“ passt an Artefakte dieses Projekts; Regeln und Replikation können danach fragen.',
}

export const words = wordsOf({ en, de })
