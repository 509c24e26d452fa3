import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Masked names',
  about:
    'The audit log outlives accounts. Where it must not name a person who is gone, a checksum takes the place of the ' +
    'name, in every entry.',
  mask: 'Mask a name',
  name: 'Name of the deleted account',
  nameHint:
    'Written exactly as it was, capitals included. Only the whole log can tell whether there ever was such an account: ' +
    'a run that finds nothing says so.',
  cannotUndo:
    'Nobody can get the name back, not even from the checksum. Entries that were sent on, and backups, keep it. If an ' +
    'account has this name now, its own entries stay.',
  begun: 'The name is being masked.',
  none: 'No name was masked yet',
  noneHint:
    'Delete the account first, and have its name masked with it: the question on the page Users has a box for that. ' +
    'Here you mask the name of an account that is gone already, for example when a former employee asks you to ' +
    '(GDPR, article 17).',
  alias: 'In place of the name',
  state: 'State',
  entries: 'Entries masked',
  foundNothing: 'nothing found: is the name right?',
  asked: 'Asked for',
  changed: 'Last step',
  show: 'Show its entries',
}

const de: typeof en = {
  title: 'Maskierte Namen',
  about:
    'Das Audit-Log überdauert Konten. Wo es eine ausgeschiedene Person nicht mehr nennen darf, tritt in jedem Eintrag ' +
    'eine Prüfsumme an die Stelle des Namens.',
  mask: 'Namen maskieren',
  name: 'Name des gelöschten Kontos',
  nameHint:
    'Genau so geschrieben, wie er war, auch in Groß- und Kleinschreibung. Ob es ein solches Konto je gab, weiß erst ' +
    'das ganze Log: Ein Lauf, der nichts findet, sagt das.',
  cannotUndo:
    'Niemand kann den Namen wiederherstellen, auch nicht aus der Prüfsumme. Weitergeleitete Einträge und ' +
    'Sicherungskopien behalten ihn. Trägt heute ein anderes Konto diesen Namen, bleiben dessen Einträge, wie sie sind.',
  begun: 'Der Name wird maskiert.',
  none: 'Noch wurde kein Name maskiert',
  noneHint:
    'Löschen Sie zuerst das Konto und lassen Sie seinen Namen gleich mit maskieren: Die Rückfrage auf der Seite ' +
    'Benutzer hat dafür ein Kästchen. Hier maskieren Sie den Namen eines Kontos, das es schon nicht mehr gibt, etwa ' +
    'wenn eine ausgeschiedene Person das verlangt (DSGVO, Artikel 17).',
  alias: 'Anstelle des Namens',
  state: 'Zustand',
  entries: 'Maskierte Einträge',
  foundNothing: 'nichts gefunden: Stimmt der Name?',
  asked: 'Angefordert',
  changed: 'Letzter Schritt',
  show: 'Einträge zeigen',
}

export const words = wordsOf({ en, de })
