import { wordsOf } from './language.ts'

const en = {
  password: 'Password',
  next: 'New password',
  hint: '8 to 128 characters, with a small letter, a capital letter and a digit.',
  bad: 'Use 8 to 128 characters, with a small letter, a capital letter and a digit.',
  passwordAgain: 'Password again',
  nextAgain: 'New password again',
  notSame: 'Both passwords must be the same.',
}

const de: typeof en = {
  password: 'Passwort',
  next: 'Neues Passwort',
  hint: '8 bis 128 Zeichen, darunter ein kleiner und ein großer Buchstabe und eine Ziffer.',
  bad: 'Verwenden Sie 8 bis 128 Zeichen, darunter ein kleiner und ein großer Buchstabe und eine Ziffer.',
  passwordAgain: 'Passwort noch einmal',
  nextAgain: 'Neues Passwort noch einmal',
  notSame: 'Beide Passwörter müssen gleich sein.',
}

/** Words of fields for a password that somebody chooses. */
export const passwordWords = wordsOf({ en, de })
