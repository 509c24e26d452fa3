import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Sign in',
  name: 'Name',
  password: 'Password',
  signIn: 'Sign in',
  wrong: 'Name or password is wrong.',
  byMode: {
    ldap_auth: 'As in the directory of your company.',
    uaa_auth: 'As at UAA.',
    http_auth: 'As everywhere in your company.',
  } as Record<string, string>,
  byProvider: (name: string) => (name === '' ? 'Sign in at the provider' : `Sign in with ${name}`),
  byPassword: 'With a password of this Marina',
  byPasswordHint: 'For the administrator that came with it; all others sign in at the provider.',
  onboard: 'Choose a name',
  onboardHint:
    'You sign in here for the first time. By this name others find you, and docker login knows you. It cannot be ' +
    'changed later.',
  onboardAction: 'Go on',
  onboardLate: 'The sign-in was too long ago, or came from elsewhere: sign in once more.',
  tooMany: 'Too many wrong passwords: wait a few minutes.',
  anonymous: 'Look at public projects without an account',
  first: 'First time here?',
  firstHint:
    'The first start of Marina printed the name admin and a password. If it is lost, run this where Marina runs:',
  choose: 'Choose your own password',
  chooseHint: 'Marina made the present one and printed it once. It may stand in a log or on a screen.',
  change: 'Change the password',
  changed: 'Your password is changed.',
  later: 'Later',
  laterHint: 'The start page reminds you until it is changed.',
  newHere: 'No account yet?',
  signUp: 'Make an account',
  signUpTitle: 'Make an account',
  signUpOff: 'Accounts are made by an administrator here: ask for one.',
  known: 'You have an account?',
  nameHint: 'By which you sign in. It cannot be changed later.',
  nameBad: 'A name holds none of , " ~ # $ % :',
  nameTaken: 'This name or e-mail address is in use already.',
  email: 'E-mail',
  tooManyAccounts: 'Too many accounts were made from this address: try again in a few minutes.',
  welcome: (name: string) => `Welcome, ${name}. A project administrator can give you a role.`,
}

const de: typeof en = {
  title: 'Anmelden',
  name: 'Name',
  password: 'Passwort',
  signIn: 'Anmelden',
  wrong: 'Name oder Passwort ist falsch.',
  byMode: {
    ldap_auth: 'Wie im Verzeichnis der Firma.',
    uaa_auth: 'Wie bei UAA.',
    http_auth: 'Wie überall in der Firma.',
  },
  byProvider: (name) => (name === '' ? 'Beim Anbieter anmelden' : `Mit ${name} anmelden`),
  byPassword: 'Mit einem Passwort dieses Marina',
  byPasswordHint: 'Für den Administrator, der mitkam; alle anderen melden sich beim Anbieter an.',
  onboard: 'Einen Namen wählen',
  onboardHint:
    'Sie melden sich hier zum ersten Mal an. Unter diesem Namen finden andere Sie, und docker login kennt Sie damit. ' +
    'Er lässt sich später nicht ändern.',
  onboardAction: 'Weiter',
  onboardLate: 'Die Anmeldung ist zu lange her oder kam von woanders: Melden Sie sich noch einmal an.',
  tooMany: 'Zu viele falsche Passwörter: Warten Sie einige Minuten.',
  anonymous: 'Öffentliche Projekte ohne Konto ansehen',
  first: 'Zum ersten Mal hier?',
  firstHint:
    'Der erste Start hat den Namen admin und ein Passwort ausgegeben. Ist es verloren, hilft dort, wo Marina läuft:',
  choose: 'Ein eigenes Passwort wählen',
  chooseHint:
    'Das jetzige hat Marina erzeugt und einmal ausgegeben. Es steht vielleicht noch in einem Log oder auf einem ' +
    'Bildschirm.',
  change: 'Passwort ändern',
  changed: 'Das Passwort ist geändert.',
  later: 'Später',
  laterHint: 'Die Startseite erinnert daran, bis es geändert ist.',
  newHere: 'Noch kein Konto?',
  signUp: 'Konto anlegen',
  signUpTitle: 'Konto anlegen',
  signUpOff: 'Konten legt hier ein Administrator an: Fragen Sie nach einem.',
  known: 'Schon ein Konto?',
  nameHint: 'Damit melden Sie sich an. Er lässt sich später nicht ändern.',
  nameBad: 'Ein Name enthält keines der Zeichen , " ~ # $ % :',
  nameTaken: 'Dieser Name oder diese E-Mail-Adresse wird schon verwendet.',
  email: 'E-Mail',
  tooManyAccounts: 'Von dieser Adresse wurden zu viele Konten angelegt: Versuchen Sie es in einigen Minuten wieder.',
  welcome: (name) => `Willkommen, ${name}. Ein Projektadministrator kann Ihnen eine Rolle geben.`,
}

export const words = wordsOf({ en, de })
