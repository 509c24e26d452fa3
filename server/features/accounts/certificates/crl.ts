import { verify, type KeyObject, type X509Certificate } from 'node:crypto'
import { ASN1Obj } from '@sigstore/core'

/** A certificate revocation list (RFC 5280, section 5) whose signature was checked. */
export type RevocationList = { issuer: X509Certificate; serials: ReadonlySet<bigint>; nextUpdate: Date | undefined }

/** Hashes of the signature algorithms that lists are signed with, by OID; null where the algorithm has its own. */
const hashes: Record<string, string | null> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
}

/** Reads all lists of a PEM text. Throws Error for one that no authority has signed, or that cannot be understood. */
export function parseRevocationLists(pem: string, authorities: readonly X509Certificate[]): RevocationList[] {
  const blocks = [...pem.matchAll(/-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g)]
  if (blocks.length === 0) throw new Error('it holds no revocation list in PEM')
  return blocks.map(([, base64 = '']) => parseList(Buffer.from(base64, 'base64'), authorities))
}

function parseList(der: Buffer<ArrayBuffer>, authorities: readonly X509Certificate[]): RevocationList {
  const [list, algorithm, signature] = ASN1Obj.parseBuffer(der).subs
  if (!list || !algorithm || !signature) throw new Error('a revocation list is cut')
  const oid = algorithm.subs[0]!.toOID()
  const hash = hashes[oid]
  if (hash === undefined) throw new Error(`a revocation list is signed in a way that is not known: ${oid}`)
  const signed = firstWithin(der)
  // A bit string begins with the number of bits that are left over: none, for whole bytes.
  const isBy = ({ publicKey }: X509Certificate) => isSigned(hash, signed, publicKey, signature.value.subarray(1))
  const issuer = authorities.find(isBy)
  if (!issuer) throw new Error('a revocation list is signed by no authority of MARINA_CLIENT_CA')
  return { issuer, ...contentOf(list) }
}

function isSigned(hash: string | null, bytes: Buffer, key: KeyObject, signature: Buffer): boolean {
  try {
    return verify(hash, bytes, key, signature)
  } catch {
    // A key of another kind than the signature's.
    return false
  }
}

/** The parts of TBSCertList: version, algorithm, issuer, thisUpdate, nextUpdate, revokedCertificates, extensions. */
function contentOf({ subs }: ASN1Obj): Pick<RevocationList, 'serials' | 'nextUpdate'> {
  const isTime = ({ tag }: ASN1Obj) => tag.isUTCTime() || tag.isGeneralizedTime()
  const begin = subs.findIndex(isTime)
  const [next, ...rest] = subs.slice(begin + 1)
  const hasNext = next !== undefined && isTime(next)
  const after = hasNext ? rest : subs.slice(begin + 1)
  const revoked = after.find(({ tag }) => tag.isUniversal())
  const extensions = after.find(({ tag }) => tag.isContextSpecific(0))
  for (const extension of extensions?.subs[0]?.subs ?? [])
    // RFC 5280, 5.2: such as that of a list which holds only changes, or only a part of the certificates.
    if (extension.subs[1]?.tag.isBoolean())
      throw new Error(`a revocation list has a critical extension that is not known: ${extension.subs[0]!.toOID()}`)
  return {
    serials: new Set(revoked?.subs.map((entry) => entry.subs[0]!.toInteger())),
    nextUpdate: hasNext ? next.toDate() : undefined,
  }
}

/** The bytes of the first element within a DER sequence, as they were signed. */
function firstWithin(der: Buffer): Buffer {
  const inner = der.subarray(headOf(der).head)
  const { head, length } = headOf(inner)
  return inner.subarray(0, head + length)
}

/** How many bytes tag and length take, and how many follow. */
function headOf(der: Buffer): { head: number; length: number } {
  const first = der[1]!
  if (first < 0x80) return { head: 2, length: first }
  const count = first & 0x7f
  return { head: 2 + count, length: der.readUIntBE(2, count) }
}
