import { plural, wordsOf } from '../../i18n/language.ts'

const en = {
  about: 'What was deleted in this project and can still come back, with its tags, times and labels.',
  label: 'Deletions',
  filter: 'Filter by repository',
  kind: 'Kind',
  kinds: { tag: 'Tag', artifact: 'Artifact', repository: 'Repository' },
  anyKind: 'All kinds',
  what: 'What',
  brings: 'Brings back',
  size: 'Bytes',
  bytes: (size: string, exclusive: string) =>
    `It holds ${size}. Of these, ${exclusive} are freed by a collection once it can no longer be restored.`,
  deleted: 'Deleted',
  by: (name: string) => `by ${name}`,
  until: 'Restorable until',
  artifacts: (count: number) => plural(count, { one: 'one artifact', other: `${count} artifacts` }),
  tags: (count: number) => plural(count, { one: 'one tag', other: `${count} tags` }),
  manyTags: 'a hundred tags or more',
  noTags: 'no tags',
  restore: 'Restore',
  restoreTitle: (name: string) => `Restore ${name}?`,
  restoreHint: (what: string) => `Back to where it was: ${what}.`,
  restoreMore:
    'Its bytes count for the quota again. When its name is in use again, nothing is changed, and you are told.',
  restored: (name: string) => `${name} is back.`,
  open: 'Open it',
  restoreMany: (count: number) =>
    plural(count, { one: 'This deletion is taken back.', other: `These ${count} deletions are taken back.` }),
  emptyTitle: 'Nothing in the trash',
  emptyHint:
    'Deleted tags, artifacts and repositories wait here, for seven days unless this server is set otherwise ' +
    '(MARINA_UNDELETE_WINDOW). After that the next collection frees their bytes.',
}

const de: typeof en = {
  about: 'Was in diesem Projekt gelöscht wurde und noch zurückkommen kann, mit Tags, Zeiten und Labels.',
  label: 'Löschungen',
  filter: 'Nach Repository filtern',
  kind: 'Art',
  kinds: { tag: 'Tag', artifact: 'Artefakt', repository: 'Repository' },
  anyKind: 'Alle Arten',
  what: 'Was',
  brings: 'Bringt zurück',
  size: 'Bytes',
  bytes: (size, exclusive) =>
    `Darin stecken ${size}. Davon gibt eine Speicherbereinigung ${exclusive} frei, wenn die Frist vorbei ist.`,
  deleted: 'Gelöscht',
  by: (name) => `von ${name}`,
  until: 'Wiederherstellbar bis',
  artifacts: (count) => plural(count, { one: 'ein Artefakt', other: `${count} Artefakte` }),
  tags: (count) => plural(count, { one: 'ein Tag', other: `${count} Tags` }),
  manyTags: 'mindestens hundert Tags',
  noTags: 'keine Tags',
  restore: 'Wiederherstellen',
  restoreTitle: (name) => `${name} wiederherstellen?`,
  restoreHint: (what) => `Zurück an den alten Platz: ${what}.`,
  restoreMore:
    'Die Bytes zählen wieder zum Kontingent. Ist der Name inzwischen wieder vergeben, ändert sich nichts, und ' +
    'es steht hier.',
  restored: (name) => `${name} ist wieder da.`,
  open: 'Öffnen',
  restoreMany: (count) =>
    plural(count, {
      one: 'Diese Löschung wird zurückgenommen.',
      other: `Diese ${count} Löschungen werden zurückgenommen.`,
    }),
  emptyTitle: 'Der Papierkorb ist leer',
  emptyHint:
    'Hier warten gelöschte Tags, Artefakte und Repositorys, sieben Tage lang, wenn der Server nicht anders ' +
    'eingestellt ist ' +
    '(MARINA_UNDELETE_WINDOW). Danach gibt die nächste Speicherbereinigung ihre Bytes frei.',
}

export const words = wordsOf({ en, de })
