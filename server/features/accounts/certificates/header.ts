import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * The certificate in a header, in the forms that proxies send: URL-encoded PEM (nginx, `$ssl_client_escaped_cert`),
 * base64 of DER (HAProxy, Traefik), the same between colons (RFC 9440), and `Cert="..."` (Envoy). Undefined without the
 * header, or when it is empty. Throws Error when it is not one certificate: a second one may be invented.
 */
export function certificateIn(request: IncomingMessage, name: string): string | undefined {
  const values = request.rawHeaders.filter((_, at, all) => at % 2 === 1 && all[at - 1]!.toLowerCase() === name)
  const text = values[0]?.trim() ?? ''
  if (values.length > 1) throw new Error('there is more than one')
  return text === '' ? undefined : text
}

/** Reads what a header holds. Throws Error. */
export function readCertificate(header: string): X509Certificate {
  const [, quoted] = /(?:^|;)\s*Cert="([^"]*)"/i.exec(header) ?? []
  const text = decodeURIComponent(quoted ?? header).replace(/^:(.*):$/s, '$1')
  if (text.includes(',') || text.split('-----BEGIN').length > 2) throw new Error('there is more than one')
  return new X509Certificate(text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64'))
}
