import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Database of Marina’s own scanner',
  states: { ok: 'up to date', stale: 'too old', none: 'none' } as Record<string, string>,
  hints: {
    ok: 'It knows what was published until then.',
    stale: 'What was published since is not known: images count as not scanned until a newer one is imported.',
    none: 'The own scanner finds nothing before one is imported: marina vulndb import',
  } as Record<string, string>,
  newest: 'Newest record',
  imported: 'Imported',
  holds: 'Holds',
  advisories: (count: string, ecosystems: string) => `${count} records of ${ecosystems} ecosystems`,
}

const de: typeof en = {
  title: 'Datenbank des eigenen Scanners',
  states: { ok: 'aktuell', stale: 'zu alt', none: 'keine' },
  hints: {
    ok: 'Sie kennt, was bis dahin veröffentlicht wurde.',
    stale:
      'Was seither veröffentlicht wurde, ist unbekannt: Images gelten als nicht gescannt, bis eine neuere importiert ' +
      'ist.',
    none: 'Der eigene Scanner findet nichts, bevor eine importiert ist: marina vulndb import',
  },
  newest: 'Neuester Eintrag',
  imported: 'Importiert',
  holds: 'Enthält',
  advisories: (count, ecosystems) => `${count} Einträge aus ${ecosystems} Ökosystemen`,
}

export const databaseWords = wordsOf({ en, de })
