import { optional, setting } from './setting.ts'
import { line } from './units.ts'

/** What clients are told of this installation. */
export const system = {
  caCert: setting({
    env: 'MARINA_CA_CERT',
    path: 'tls.ca_cert',
    parse: optional(line),
    fallback: undefined,
    help: 'file with the certificate (PEM) of the authority that signed MARINA_TLS_CERT, for users to download',
  }),
}
