import { X509Certificate as Parsed } from '@sigstore/core'
import type { X509Certificate } from 'node:crypto'
import { printable, Untrusted } from './check.ts'

/** Purposes of a certificate (RFC 5280 §4.2.1.12). */
const codeSigning = '1.3.6.1.5.5.7.3.3'
const anyPurpose = '2.5.29.37.0'

/**
 * Checks a chain of certificates, the signer's first, up to the first one that is trusted, or that a trusted one has
 * issued: signatures, names, validity now, and what each may be used for (Notary Project, "Certificate requirements").
 * Returns when the first of them expires. Throws Untrusted.
 */
export function checkChain(chain: readonly X509Certificate[], anchors: readonly X509Certificate[], now: Date): Date {
  const used: X509Certificate[] = []
  for (const [index, certificate] of chain.entries()) {
    const below = used.at(-1)
    if (below) checkIssued(below, certificate, index)
    used.push(certificate)
    if (anchors.some((one) => one.raw.equals(certificate.raw))) return checkUse(used, now)
    const issuer = anchors.find((one) => isIssuedBy(certificate, one))
    if (issuer) {
      checkIssued(certificate, issuer, index + 1)
      return checkUse([...used, issuer], now)
    }
  }
  throw new Untrusted(`its certificate (${nameOf(chain[0]!)}) is not below one that the project trusts`)
}

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)

/** `depth`: how many certificates are below the issuer. checkIssued looks at names, key ids and the right to sign. */
function checkIssued(certificate: X509Certificate, issuer: X509Certificate, depth: number): void {
  if (!isIssuedBy(certificate, issuer))
    throw new Untrusted(`its certificate ${nameOf(certificate)} is not issued by ${nameOf(issuer)}`)
  if (!issuer.ca) throw new Untrusted(`its chain has a certificate that may not issue others: ${nameOf(issuer)}`)
  const longest = Parsed.parse(issuer.raw).extBasicConstraints?.pathLenConstraint
  if (longest !== undefined && Number(longest) < depth - 1)
    throw new Untrusted(`its chain is longer than ${nameOf(issuer)} allows`)
}

function checkUse(used: readonly X509Certificate[], now: Date): Date {
  const leaf = used[0]!
  if (leaf.ca) throw new Untrusted(`its certificate ${nameOf(leaf)} is for issuing others, not for signing`)
  if (Parsed.parse(leaf.raw).extKeyUsage?.digitalSignature !== true)
    throw new Untrusted(`its certificate ${nameOf(leaf)} is not for signatures`)
  const purposes: readonly string[] = leaf.keyUsage ?? []
  if (purposes.length > 0 && !purposes.some((one) => one === codeSigning || one === anyPurpose))
    throw new Untrusted(`its certificate ${nameOf(leaf)} is not for signing code`)
  for (const certificate of used) checkTime(certificate, now)
  return used.map(({ validToDate }) => validToDate).reduce((a, b) => (a < b ? a : b))
}

function checkTime(certificate: X509Certificate, now: Date): void {
  const { validFromDate: from, validToDate: to } = certificate
  if (now < from)
    throw new Untrusted(`its certificate ${nameOf(certificate)} is valid from ${from.toISOString()} on`, from)
  if (now >= to) throw new Untrusted(`its certificate ${nameOf(certificate)} has expired at ${to.toISOString()}`)
}

/** The subject on one line: `C=DE, O=Example, CN=builder`. */
export const nameOf = ({ subject }: X509Certificate): string => printable((subject ?? '').replaceAll('\n', ', '))
