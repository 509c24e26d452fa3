import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Reports',
  about: 'Files for spreadsheets and scripts. Each belongs to the one who asked for it, and can be downloaded once.',
  create: 'New report',
  createTitle: 'A report of all artifacts',
  createHint:
    'One line for each artifact: its project, repository, digest, tags, size, times and pulls. It is written ' +
    'behind this page; you may leave.',
  projects: 'Projects',
  projectsHint: 'Names with spaces between them. Empty: all projects.',
  noProject: (name: string) => `There is no project called ${name}.`,
  start: 'Write it',
  asked: 'The report is being written.',
  report: 'Report',
  of: (id: string) => `Artifacts, ${id}`,
  state: 'State',
  askedAt: 'Asked for',
  ready: 'Ready',
  file: 'File',
  download: 'Download',
  downloadOf: (id: string) => `Download report ${id}`,
  once: 'Once: after that the file is gone',
  gone: 'downloaded, or too old',
  none: 'No report yet',
  noneHint: 'A report lists every artifact as CSV, such as for a spreadsheet of what takes the space.',
}

const de: typeof en = {
  title: 'Berichte',
  about: 'Dateien für Tabellen und Skripte. Jeder gehört dem, der ihn anfordert, und lässt sich einmal herunterladen.',
  create: 'Neuer Bericht',
  createTitle: 'Ein Bericht über alle Artefakte',
  createHint:
    'Eine Zeile je Artefakt: Projekt, Repository, Digest, Tags, Größe, Zeiten und Pulls. Er entsteht im ' +
    'Hintergrund; die Seite darf verlassen werden.',
  projects: 'Projekte',
  projectsHint: 'Namen mit Leerzeichen dazwischen. Leer: alle Projekte.',
  noProject: (name) => `Es gibt kein Projekt namens ${name}.`,
  start: 'Schreiben',
  asked: 'Der Bericht entsteht.',
  report: 'Bericht',
  of: (id) => `Artefakte, ${id}`,
  state: 'Zustand',
  askedAt: 'Angefordert',
  ready: 'Fertig',
  file: 'Datei',
  download: 'Herunterladen',
  downloadOf: (id) => `Bericht ${id} herunterladen`,
  once: 'Einmal: danach ist die Datei weg',
  gone: 'heruntergeladen oder zu alt',
  none: 'Noch kein Bericht',
  noneHint: 'Ein Bericht nennt jedes Artefakt als CSV, etwa für eine Tabelle dessen, was den Platz braucht.',
}

export const words = wordsOf({ en, de })
