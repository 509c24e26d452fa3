import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Signatures',
  about: 'Signatures count when they are of a signer that the project trusts; the others are shown with the reason.',
  none: 'Nobody has signed it',
  noneHint: 'A signature says who made the image. cosign and notation push one beside it:',
  kind: 'What',
  kinds: { signature: 'Signature', attestation: 'Attestation' },
  ofIndex: 'of the index that holds it',
  trusted: 'Trusted',
  yes: 'trusted',
  no: 'not trusted',
  signer: 'Signer',
  identity: 'Signed by',
  signedAt: 'Signed',
}

const de: typeof en = {
  title: 'Signaturen',
  about: 'Signaturen zählen, wenn das Projekt dem Unterzeichner vertraut; die anderen stehen mit dem Grund hier.',
  none: 'Niemand hat es signiert',
  noneHint: 'Eine Signatur sagt, von wem das Image ist. cosign und notation pushen sie daneben:',
  kind: 'Was',
  kinds: { signature: 'Signatur', attestation: 'Attestation' },
  ofIndex: 'des Index, der es enthält',
  trusted: 'Vertraut',
  yes: 'vertraut',
  no: 'nicht vertraut',
  signer: 'Unterzeichner',
  identity: 'Signiert von',
  signedAt: 'Signiert',
}

export const signatureWords = wordsOf({ en, de })
