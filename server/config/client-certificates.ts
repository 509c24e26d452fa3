import { hour, optional, setting, time } from './setting.ts'
import { line, type Parser } from './units.ts'

/** Rules with semicolons between: a URI may hold commas. */
const rules: Parser<string[]> = (text) => {
  const all = text
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  if (all.length === 0) throw new Error('must hold a rule such as cn:* => user:*')
  return all
}

const headerName: Parser<string> = (text) => {
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(text.trim())) throw new Error('must be the name of a header')
  return text.trim().toLowerCase()
}

/** Certificates of clients, by which people and programs are known without a password (mutual TLS). */
export const clientCertificates = {
  ca: setting({
    env: 'MARINA_CLIENT_CA',
    path: 'tls.client_ca',
    parse: optional(line),
    fallback: undefined,
    help: 'PEM file with the authorities whose client certificates are accepted as an identity; none when absent',
  }),
  rules: setting<'MARINA_CLIENT_CERT_RULES', string[]>({
    env: 'MARINA_CLIENT_CERT_RULES',
    path: 'tls.client_rules',
    parse: rules,
    fallback: ['cn:* => user:*'],
    show: (all) => all.join('; '),
    help:
      'whom a client certificate stands for, with semicolons between: a field (cn, dns, email, uri, spiffe), a ' +
      'pattern, and a user or robot; the first rule that fits holds',
  }),
  crl: setting({
    env: 'MARINA_CLIENT_CRL',
    path: 'tls.client_crl',
    parse: optional(line),
    fallback: undefined,
    help: 'PEM file with the revocation lists of the authorities in MARINA_CLIENT_CA',
  }),
  crlEveryMs: time({
    env: 'MARINA_CLIENT_CRL_EVERY',
    path: 'tls.client_crl_every',
    fallback: 60_000,
    min: 100,
    max: 24 * hour,
    help: 'how often the file of revocation lists is read again',
  }),
  header: setting({
    env: 'MARINA_CLIENT_CERT_HEADER',
    path: 'tls.client_header',
    parse: optional(headerName),
    fallback: undefined,
    help: 'header in which proxies of MARINA_TRUSTED_PROXIES send the certificate of the client; ignored from others',
  }),
}
