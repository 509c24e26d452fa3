import type { X509Certificate } from 'node:crypto'

/** The names in a certificate by which rules tell whose it is. */
export type Fields = { cn: string[]; dns: string[]; email: string[]; uri: string[]; spiffe: string[] }

/** The kinds of names (RFC 5280, 4.2.1.6) as node:crypto writes them. */
const kinds: Record<string, 'dns' | 'email' | 'uri'> = { DNS: 'dns', email: 'email', URI: 'uri' }

/**
 * Reads the names of a certificate. `spiffe` holds the SPIFFE ID of an X.509-SVID, whose only URI it is (SPIFFE
 * X.509-SVID, section 2). Several common names give none: nobody could say which of them counts.
 */
export function fieldsOf(certificate: X509Certificate): Fields {
  const { CN: cn } = certificate.toLegacyObject().subject
  const fields: Fields = { cn: typeof cn === 'string' ? [cn] : [], dns: [], email: [], uri: [], spiffe: [] }
  for (const [kind, value] of alternativeNames(certificate.subjectAltName ?? '')) {
    const field = kinds[kind]
    if (field) fields[field].push(value)
  }
  const [only, another] = fields.uri
  if (only?.startsWith('spiffe://') && another === undefined) fields.spiffe.push(only)
  return fields
}

/**
 * Splits `DNS:a.example, URI:"spiffe://x, y"`: Node quotes as JSON each value that has a comma or an odd character in
 * it, so that no value can pretend to be two (CVE-2021-44532).
 */
function* alternativeNames(text: string): Generator<[kind: string, value: string]> {
  const one = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy
  for (let found = one.exec(text); found; found = one.exec(text)) {
    const [, kind = '', value = ''] = found
    yield [kind, value.startsWith('"') ? (JSON.parse(value) as string) : value]
  }
}
