import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Signers',
  about:
    'Whose signatures this project trusts: keys of cosign, certificates of notation, accounts that Sigstore vouches ' +
    'for. The switch above makes a signature of one of them a condition of pulls.',
  none: 'Nobody is trusted yet: no signature counts as verified.',
  add: 'Trust a signer',
  edit: 'Change',
  editTitle: (name: string) => `Change the signer ${name}`,
  remove: 'Trust no more',
  removeTitle: (name: string) => `Trust ${name} no more?`,
  removeHint: 'What only this signer has signed is not verified any more, from the next pull on.',
  removed: (name: string) => `${name} is not trusted any more.`,
  saved: (name: string) => `${name} is trusted.`,
  name: 'Name',
  nameHint: 'Such as release or ci: it is shown beside the signatures.',
  kind: 'Kind',
  kinds: { key: 'Key', certificate: 'Certificates', keyless: 'Account' },
  kindHints: {
    key: 'A public key, such as cosign.pub',
    certificate: 'Authorities for notation',
    keyless: 'An address or a CI job, without a key',
  },
  who: 'Who',
  changed: 'Changed',
  publicKey: 'Public key (PEM)',
  certificates: 'Certificates (PEM)',
  identities: 'Subjects',
  identitiesHint: 'One in a line, such as x509.subject: C=DE, O=Example; * trusts all of them.',
  issuer: 'Who vouches for the account',
  issuerHint: 'A URL, such as https://accounts.example.com; * stands for any characters',
  subject: 'Account',
  subjectHint: 'An address or a URL; * stands for any characters',
  root: 'Trusted root',
  noRoot: 'There is none yet: a system administrator imports one on the page Trusted roots.',
}

const de: typeof en = {
  title: 'Unterzeichner',
  about:
    'Wessen Signaturen dieses Projekt vertraut: Schlüsseln von cosign, Zertifikaten von notation, Konten, für die ' +
    'Sigstore bürgt. Der Schalter oben macht eine ihrer Signaturen zur Bedingung für Pulls.',
  none: 'Noch wird niemandem vertraut: Keine Signatur gilt als geprüft.',
  add: 'Unterzeichner hinzufügen',
  edit: 'Ändern',
  editTitle: (name) => `${name} ändern`,
  remove: 'Nicht mehr vertrauen',
  removeTitle: (name) => `${name} nicht mehr vertrauen?`,
  removeHint: 'Was nur so signiert ist, gilt ab dem nächsten Pull nicht mehr als geprüft.',
  removed: (name) => `${name} wird nicht mehr vertraut.`,
  saved: (name) => `${name} wird vertraut.`,
  name: 'Name',
  nameHint: 'Etwa release oder ci: er steht neben den Signaturen.',
  kind: 'Art',
  kinds: { key: 'Schlüssel', certificate: 'Zertifikate', keyless: 'Konto' },
  kindHints: {
    key: 'Ein öffentlicher Schlüssel wie cosign.pub',
    certificate: 'Zertifizierungsstellen für notation',
    keyless: 'Eine Adresse oder ein CI-Job, ohne Schlüssel',
  },
  who: 'Wer',
  changed: 'Geändert',
  publicKey: 'Öffentlicher Schlüssel (PEM)',
  certificates: 'Zertifikate (PEM)',
  identities: 'Subjekte',
  identitiesHint: 'Eins je Zeile, etwa x509.subject: C=DE, O=Example; * vertraut allen.',
  issuer: 'Wer für das Konto bürgt',
  issuerHint: 'Eine URL, etwa https://accounts.example.com; * steht für beliebige Zeichen',
  subject: 'Konto',
  subjectHint: 'Eine Adresse oder eine URL; * steht für beliebige Zeichen',
  root: 'Vertrauenswurzel',
  noRoot: 'Noch gibt es keine: Systemadministratoren importieren sie auf der Seite Vertrauenswurzeln.',
}

export const signerWords = wordsOf({ en, de })
