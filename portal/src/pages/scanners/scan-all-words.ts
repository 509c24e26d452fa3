import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Scan of all images',
  about: 'Each image is looked into by the scanner of its project, or else by the default one.',
  none: 'It has never run.',
  noDefault: 'It needs a scanner that is the default, and enabled.',
  progress: 'How far the scan of all images is',
  done: (done: string, all: string) => `${done} of ${all} images`,
  ended: (all: string) => `The last one looked into ${all} images.`,
  start: 'Scan all now',
  startHint:
    'A scan of all images is a lot of work for the scanner. Reports that there are stay until new ones are ready.',
  started: 'The scan of all images begins.',
  stopped: 'It stops: what is finished stays.',
  schedule: 'When all images are scanned',
  saved: 'The schedule is saved.',
}

const de: typeof en = {
  title: 'Scan aller Images',
  about: 'Jedes Image untersucht der Scanner seines Projekts oder sonst der Standard-Scanner.',
  none: 'Er lief noch nie.',
  noDefault: 'Er braucht einen Scanner, der Standard und eingeschaltet ist.',
  progress: 'Wie weit der Scan aller Images ist',
  done: (done, all) => `${done} von ${all} Images`,
  ended: (all) => `Der letzte hat ${all} Images untersucht.`,
  start: 'Jetzt alle scannen',
  startHint:
    'Ein Scan aller Images ist viel Arbeit für den Scanner. Vorhandene Berichte bleiben, bis neue fertig ' + 'sind.',
  started: 'Der Scan aller Images beginnt.',
  stopped: 'Er wird angehalten: Was fertig ist, bleibt.',
  schedule: 'Wann alle Images gescannt werden',
  saved: 'Der Zeitplan ist gespeichert.',
}

export const scanAllWords = wordsOf({ en, de })
