import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Sign in',
  name: 'Name',
  password: 'Password',
  signIn: 'Sign in',
  wrong: 'Name or password is wrong.',
  tooMany: 'Too many wrong passwords: wait a few minutes.',
  anonymous: 'Look at public projects without an account',
  first: 'First time here?',
  firstHint:
    'The first start of Marina printed the name admin and a password. If it is lost, run this where Marina runs:',
}

const de: typeof en = {
  title: 'Anmelden',
  name: 'Name',
  password: 'Passwort',
  signIn: 'Anmelden',
  wrong: 'Name oder Passwort ist falsch.',
  tooMany: 'Zu viele falsche Passwörter: Warten Sie einige Minuten.',
  anonymous: 'Öffentliche Projekte ohne Konto ansehen',
  first: 'Zum ersten Mal hier?',
  firstHint:
    'Der erste Start hat den Namen admin und ein Passwort ausgegeben. Ist es verloren, hilft dort, wo Marina läuft:',
}

export const words = wordsOf({ en, de })
