import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Trusted roots',
  about:
    'A Sigstore publishes who may vouch for accounts that sign without keys: its trusted_root.json. Projects then ' +
    'trust accounts by it. Nothing is asked of the network.',
  add: 'Import a root',
  again: 'Import it again',
  againTitle: (name: string) => `Import ${name} again`,
  name: 'Name',
  file: 'File',
  fileHint: 'trusted_root.json, as the Sigstore publishes it',
  fileMissing: 'Choose the file.',
  fileBad: 'This file is no JSON.',
  saved: (name: string) => `The trusted root ${name} is imported.`,
  none: 'No trusted root yet',
  noneHint: 'Signatures with keys and certificates need none. On the command line:',
  authorities: 'Certificate authorities',
  logs: 'Transparency logs',
  projects: 'Used by',
  used: (count: number, shown: string) => plural(count, { one: 'one project', other: `${shown} projects` }),
  changed: 'Imported',
  delete: 'Delete',
  deleteTitle: (name: string) => `Delete the trusted root ${name}?`,
  deleteHint: 'Accounts cannot be trusted by it any more.',
  inUse: 'Projects trust accounts by it.',
  gone: (name: string) => `The trusted root ${name} is deleted.`,
}

const de: typeof en = {
  title: 'Vertrauenswurzeln',
  about:
    'Ein Sigstore gibt bekannt, wer für Konten bürgen darf, die ohne Schlüssel signieren: seine trusted_root.json. ' +
    'Damit können Projekte Konten vertrauen. Das Netz wird dafür nicht gebraucht.',
  add: 'Wurzel importieren',
  again: 'Neu importieren',
  againTitle: (name) => `${name} neu importieren`,
  name: 'Name',
  file: 'Datei',
  fileHint: 'trusted_root.json, wie sie der Sigstore veröffentlicht',
  fileMissing: 'Die Datei auswählen.',
  fileBad: 'Diese Datei ist kein JSON.',
  saved: (name) => `Die Vertrauenswurzel ${name} ist importiert.`,
  none: 'Noch keine Vertrauenswurzel',
  noneHint: 'Signaturen mit Schlüsseln und Zertifikaten brauchen keine. Auf der Kommandozeile:',
  authorities: 'Zertifizierungsstellen',
  logs: 'Transparenz-Logs',
  projects: 'Benutzt von',
  used: (count, shown) => plural(count, { one: 'einem Projekt', other: `${shown} Projekten` }),
  changed: 'Importiert',
  delete: 'Löschen',
  deleteTitle: (name) => `Die Vertrauenswurzel ${name} löschen?`,
  deleteHint: 'Konten lässt sich dann nicht mehr darüber vertrauen.',
  inUse: 'Projekte vertrauen Konten darüber.',
  gone: (name) => `Die Vertrauenswurzel ${name} ist gelöscht.`,
}

export const words = wordsOf({ en, de })
