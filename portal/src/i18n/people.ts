import { wordsOf } from './language.ts'

const en = { person: 'Person', group: 'Group', directoryGroup: 'Group of the directory' }

const de: typeof en = { person: 'Person', group: 'Gruppe', directoryGroup: 'Gruppe des Verzeichnisses' }

/** Words for those who can hold a role. */
export const peopleWords = wordsOf({ en, de })
