import { wordsOf } from './language.ts'

const en = { person: 'Person', group: 'Group' }

const de: typeof en = { person: 'Person', group: 'Gruppe' }

/** Words for those who can hold a role. */
export const peopleWords = wordsOf({ en, de })
