import { X509Certificate } from 'node:crypto'
import { parseRevocationLists, type RevocationList } from './crl.ts'

/** Says what is wrong with certificates of clients. */
export type Authority = {
  /** Those whose certificates of clients count. */
  certificates: readonly X509Certificate[]
  /** The revocation lists in force; undefined where revocation is not checked. */
  lists(): readonly RevocationList[] | undefined
  /**
   * What is wrong with a certificate at this moment, as the end of a sentence about it; undefined when it is good.
   * `isVerified`: TLS has verified the chain, intermediate certificates included.
   */
  problemOf(certificate: X509Certificate, how: { isVerified: boolean }): string | undefined
  /** Takes the lists of another file. Throws Error, and then the lists before hold. */
  revoke(pem: string): void
}

/** The extended key usage of clients (RFC 5280, 4.2.1.12). */
const clientAuth = '1.3.6.1.5.5.7.3.2'

/** `ca`, `crl`: PEM. Without `crl` nothing is revoked. Throws Error for texts that hold no certificate, no list. */
export function openAuthority(ca: string, crl?: string): Authority {
  const authorities = readAuthorities(ca)
  let lists = crl === undefined ? undefined : parseRevocationLists(crl, authorities)
  return {
    certificates: authorities,
    lists: () => lists,
    problemOf(certificate, { isVerified }) {
      const now = Date.now()
      const [from, to] = [certificate.validFromDate, certificate.validToDate]
      if (now < from.getTime()) return `is valid only from ${from.toISOString()} on`
      if (now > to.getTime()) return `expired on ${to.toISOString()}`
      if (isVerified && !lists) return undefined
      const issuer = authorities.find((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey))
      if (!isVerified) {
        if (!issuer) return unknownIssuer
        if (certificate.ca) return 'is that of an authority'
        if (certificate.keyUsage && !certificate.keyUsage.includes(clientAuth)) return notForClients
      }
      return lists && revocationOf(certificate, issuer, lists)
    },
    revoke: (pem) => void (lists = parseRevocationLists(pem, authorities)),
  }
}

const unknownIssuer = 'is signed by no authority that is trusted here'
const notForClients = 'is not for clients: its extended key usage does not hold clientAuth'

/** What TLS found wrong, by OpenSSL's word for it. */
export function problemOfTls(code: string): string {
  if (code === 'CERT_HAS_EXPIRED') return 'has expired'
  if (code === 'CERT_NOT_YET_VALID') return 'is not valid yet'
  if (code === 'INVALID_PURPOSE') return notForClients
  const ofIssuer = /ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY|CERT_UNTRUSTED|INVALID_CA/
  return ofIssuer.test(code) ? unknownIssuer : `is not accepted: ${code}`
}

function revocationOf(
  { serialNumber }: X509Certificate,
  issuer: X509Certificate | undefined,
  lists: RevocationList[],
): string | undefined {
  const own = lists.filter((list) => list.issuer === issuer)
  if (own.length === 0) return 'cannot be checked: there is no revocation list of its issuer'
  const serial = BigInt(`0x${serialNumber}`)
  if (own.some(({ serials }) => serials.has(serial))) return 'was revoked'
  // A list that is too old says nothing of what was revoked since.
  const isOld = ({ nextUpdate }: RevocationList) => nextUpdate !== undefined && nextUpdate.getTime() < Date.now()
  return own.every(isOld) ? 'cannot be checked: the revocation list of its issuer has expired' : undefined
}

function readAuthorities(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Error('it holds no certificate in PEM')
  const all = blocks.map((block) => new X509Certificate(block))
  const strange = all.find(({ ca }) => !ca)
  if (strange) throw new Error(`the certificate of ${strange.subject} is not that of an authority`)
  return all
}
