import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Proxy caches',
  about:
    'Projects that cache another registry: what is pulled through them is fetched once, and served from here after.',
  filter: 'Filter by project',
  project: 'Project',
  registry: 'Registry',
  state: 'State',
  share: 'From here',
  shareHint: 'The share of all pulls that the registry was not needed for',
  hits: 'Hits',
  misses: 'Fetched',
  stale: 'While stale',
  saved: 'Spared',
  fetched: 'Bytes fetched',
  none: 'No project caches another registry',
  noneHint: 'Save a registry as an endpoint, then make a project that is a cache of it.',
  toProjects: 'Go to the projects',
}

const de: typeof en = {
  title: 'Proxy-Caches',
  about:
    'Projekte, die eine andere Registry cachen: was darüber gepullt wird, wird einmal geholt und kommt danach ' +
    'von hier.',
  filter: 'Nach Projekt filtern',
  project: 'Projekt',
  registry: 'Registry',
  state: 'Zustand',
  share: 'Von hier',
  shareHint: 'Anteil aller Pulls, für die die Registry nicht gebraucht wurde',
  hits: 'Treffer',
  misses: 'Geholt',
  stale: 'Veraltet',
  saved: 'Gespart',
  fetched: 'Geholte Bytes',
  none: 'Kein Projekt cacht eine andere Registry',
  noneHint: 'Eine Registry als Endpunkt speichern, dann ein Projekt als ihren Cache anlegen.',
  toProjects: 'Zu den Projekten',
}

export const words = wordsOf({ en, de })
