import { decode, encode } from 'cborg'
import { isObject, parseObject, Untrusted } from './check.ts'

/** What both forms of a notation signature hold (Notary Project, "Signature Specification"). */
export type NotationEnvelope = {
  /** By its name in JWS: `PS256`. */
  algorithm: string
  contentType: unknown
  payload: Buffer
  /** The bytes that the signature is of. */
  signed: Buffer
  signature: Buffer
  /** DER, the signer's certificate first. */
  chain: Buffer[]
  scheme: unknown
  signedAt: Date | undefined
  expiresAt: Date | undefined
  /** Names of headers that a verifier must understand. */
  critical: unknown[]
}

const header = {
  scheme: 'io.cncf.notary.signingScheme',
  signedAt: 'io.cncf.notary.signingTime',
  expiry: 'io.cncf.notary.expiry',
} as const

/** Headers that this verifier understands; one more that is critical refuses the signature. */
export const understood: readonly unknown[] = Object.values(header)

/** The most certificates of a chain. */
const chainLimit = 10

/** JSON Web Signature in its flattened form (RFC 7515 §7.2.2; signature-envelope-jws). Throws Untrusted. */
export function readJws(bytes: Buffer): NotationEnvelope {
  const json = parseObject(bytes.toString('utf8'), 'envelope')
  const { payload, protected: head, signature, header: open } = json
  if (typeof payload !== 'string' || typeof head !== 'string' || typeof signature !== 'string')
    throw new Untrusted('its envelope has no payload, header or signature')
  const said = parseObject(Buffer.from(head, 'base64url').toString('utf8'), 'protected header')
  return {
    algorithm: String(said['alg']),
    contentType: said['cty'],
    payload: Buffer.from(payload, 'base64url'),
    signed: Buffer.from(`${head}.${payload}`, 'latin1'),
    signature: Buffer.from(signature, 'base64url'),
    chain: chainOf(isObject(open) ? open['x5c'] : undefined, (one) =>
      typeof one === 'string' ? Buffer.from(one, 'base64') : undefined,
    ),
    scheme: said[header.scheme],
    signedAt: timeOf(said[header.signedAt]),
    expiresAt: timeOf(said[header.expiry]),
    critical: listOf(said['crit']),
  }
}

/** COSE's numbers of headers and algorithms (RFC 9052 §3.1, RFC 9053 §2, RFC 8230, RFC 9360). */
const cose = { algorithm: 1, critical: 2, contentType: 3, chain: 33 } as const
const coseAlgorithms: Record<number, string> = {
  [-7]: 'ES256',
  [-35]: 'ES384',
  [-36]: 'ES512',
  [-37]: 'PS256',
  [-38]: 'PS384',
  [-39]: 'PS512',
}

/** COSE_Sign1 (RFC 9052 §4.2; signature-envelope-cose). Throws Untrusted, or the decoder's error. */
export function readCose(bytes: Buffer): NotationEnvelope {
  const parts = decodeCbor(bytes)
  if (!Array.isArray(parts) || parts.length !== 4) throw new Untrusted('its envelope is no COSE_Sign1')
  const [head, open, payload, signature] = parts as unknown[]
  if (!(head instanceof Uint8Array && payload instanceof Uint8Array && signature instanceof Uint8Array))
    throw new Untrusted('its envelope has no payload, header or signature')
  const said = decodeCbor(head)
  if (!(said instanceof Map && open instanceof Map)) throw new Untrusted('its headers are no maps')
  const chain: unknown = open.get(cose.chain)
  return {
    algorithm: coseAlgorithms[Number(said.get(cose.algorithm))] ?? String(said.get(cose.algorithm)),
    contentType: said.get(cose.contentType),
    payload: Buffer.from(payload),
    // RFC 9052 §4.4, "Sig_structure".
    signed: Buffer.from(encode(['Signature1', head, new Uint8Array(0), payload])),
    signature: Buffer.from(signature),
    chain: chainOf(chain instanceof Uint8Array ? [chain] : chain, (one) =>
      one instanceof Uint8Array ? Buffer.from(one) : undefined,
    ),
    scheme: said.get(header.scheme),
    signedAt: timeOf(said.get(header.signedAt)),
    expiresAt: timeOf(said.get(header.expiry)),
    critical: listOf(said.get(cose.critical)),
  }
}

function chainOf(value: unknown, read: (one: unknown) => Buffer | undefined): Buffer[] {
  const all = listOf(value).slice(0, chainLimit + 1)
  if (all.length > chainLimit) throw new Untrusted(`its chain has more than ${chainLimit} certificates`)
  const chain = all.flatMap((one) => read(one) ?? [])
  if (chain.length === 0 || chain.length < all.length) throw new Untrusted('it has no certificates')
  return chain
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])

/** A time in JWS is a text (RFC 3339), in COSE a number of seconds. Throws Untrusted for one that cannot be read. */
function timeOf(value: unknown): Date | undefined {
  if (value === undefined) return undefined
  const at = typeof value === 'string' ? Date.parse(value) : Number(value) * 1000
  if (!(Math.abs(at) < 8.64e15)) throw new Untrusted('one of its times cannot be read')
  return new Date(at)
}

/** COSE_Sign1 (18), and times in seconds (1): the tag adds nothing to the value. Any other tag is refused. */
const tags = { 18: (content: () => unknown) => content(), 1: (content: () => unknown) => content() }

/** One value in CBOR: maps as Map, so that keys may be numbers; a key that stands twice is refused. */
function decodeCbor(bytes: Uint8Array): unknown {
  return decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true, tags })
}
