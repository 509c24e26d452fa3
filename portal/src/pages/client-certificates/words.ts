import { wordsOf } from '../../i18n/language.ts'

const en = {
  title: 'Client certificates',
  about:
    'A machine or a person with a certificate of an authority that you trust needs no password: the certificate stands for an ' +
    'account or a robot, and gives what that may do. The settings of the server say all of it; here you see and test it.',
  off: 'Client certificates are not accepted',
  offHint:
    'Name the authorities whose certificates count, say whom a certificate stands for, and start the server again. To ' +
    'revoke single certificates, name the revocation lists of these authorities as well.',
  authorities: 'Authorities',
  subject: 'Subject',
  validTo: 'Valid until',
  revoked: 'Revoked',
  listTo: 'List valid until',
  noList: 'no list',
  expired: 'expired',
  unchecked:
    'Revocation is not checked: a certificate is accepted until it expires. MARINA_CLIENT_CRL names revocation lists.',
  rules: 'Whom a certificate stands for',
  rulesHint: 'The first rule that fits holds. A * in the name is what the first * of the pattern met.',
  rule: 'Rule',
  header: (name: string) => `Trusted proxies send certificates in the header ${name}.`,
  check: 'Whose is this certificate?',
  checkHint: 'Paste a certificate in PEM. It is checked as if it had just come, and is not kept.',
  certificate: 'Certificate',
  run: 'Check',
  accepted: 'It is accepted.',
  refused: 'It is not accepted:',
  issuer: 'Issuer',
  serial: 'Serial number',
  validFrom: 'Valid from',
  names: 'Names in it',
  standsFor: 'Stands for',
  kinds: { u: 'User', r: 'Robot' } as Record<string, string>,
}

const de: typeof en = {
  title: 'Client-Zertifikate',
  about:
    'Eine Maschine oder Person mit einem Zertifikat einer Zertifizierungsstelle, der Sie vertrauen, braucht kein Passwort: Das ' +
    'Zertifikat steht für ein Konto oder einen Robot und gibt dessen Rechte. Alles das legen die Einstellungen des ' +
    'Servers fest; hier können Sie es ansehen und ausprobieren.',
  off: 'Client-Zertifikate werden nicht angenommen',
  offHint:
    'Nennen Sie die Zertifizierungsstellen, deren Zertifikate gelten, legen Sie fest, für wen ein Zertifikat steht, und ' +
    'starten Sie den Server neu. Um einzelne Zertifikate zu sperren, nennen Sie auch die Sperrlisten dieser Stellen.',
  authorities: 'Zertifizierungsstellen',
  subject: 'Inhaber',
  validTo: 'Gültig bis',
  revoked: 'Gesperrt',
  listTo: 'Sperrliste gültig bis',
  noList: 'keine Sperrliste',
  expired: 'abgelaufen',
  unchecked:
    'Sperrungen werden nicht geprüft: Ein Zertifikat gilt, bis es abläuft. MARINA_CLIENT_CRL nennt Sperrlisten.',
  rules: 'Für wen ein Zertifikat steht',
  rulesHint: 'Die erste passende Regel gilt. Ein * im Namen steht für das, was das erste * des Musters getroffen hat.',
  rule: 'Regel',
  header: (name) => `Vertrauenswürdige Proxys senden Zertifikate im Header ${name}.`,
  check: 'Wem gehört dieses Zertifikat?',
  checkHint: 'Fügen Sie ein Zertifikat in PEM ein. Es wird geprüft, als käme es gerade an, und nicht gespeichert.',
  certificate: 'Zertifikat',
  run: 'Prüfen',
  accepted: 'Es wird angenommen.',
  refused: 'Es wird nicht angenommen:',
  issuer: 'Aussteller',
  serial: 'Seriennummer',
  validFrom: 'Gültig ab',
  names: 'Namen darin',
  standsFor: 'Steht für',
  kinds: { u: 'Benutzer', r: 'Robot' },
}

export const words = wordsOf({ en, de })
