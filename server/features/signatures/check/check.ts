import type { Digest } from '../../../../oci/digest.ts'
import type { Signer } from '../signers/signer.ts'

/** What was found out about one signature or attestation. Times are ISO 8601. */
export type Check = {
  /** The tool whose form it has. */
  tool: 'cosign' | 'notation'
  /** An attestation says something about the artifact; only a signature says that the artifact may be used. */
  says: 'signature' | 'attestation'
  /** What an attestation says, such as `https://slsa.dev/provenance/v1`. */
  predicateType?: string
  isVerified: boolean
  /** Why it is not verified; empty when it is. */
  reason: string
  /** The project's signer whose signature it is. */
  signer?: string
  /** Who signed, as far as the signature proves it: the hash of a key, the subject of a certificate, an account. */
  identity?: string
  /** Who vouches for the account of a keyless signature. */
  issuer?: string
  signedAt?: string
  /** From then on the result may be another: a certificate or the signature itself expires, or becomes valid. */
  until?: string
}

/** One signature to be checked: the bytes of a layer, and the annotations of that layer. */
export type Sealed = {
  subject: Digest
  mediaType: string
  bytes: Buffer
  annotations: Readonly<Record<string, string>>
}

/** Whose signatures are trusted, and what time it is. */
export type Trust = { signers: readonly Signer[]; now: Date }

/** A signature cannot be trusted; the message says why, for people. */
export class Untrusted extends Error {
  override name = 'Untrusted'
  readonly until: Date | undefined
  constructor(message: string, until?: Date) {
    super(message)
    this.until = until
  }
}

/** The longest reason that is kept, in characters: it may quote what a signature says. */
const reasonLimit = 300

/**
 * Runs one check. Whatever goes wrong in it, however broken or hostile the signature is, means that the signature is
 * not verified; nothing is thrown.
 */
export async function checked(
  known: Pick<Check, 'tool' | 'says'>,
  check: () => Promise<Partial<Check>>,
): Promise<Check> {
  try {
    return { ...known, isVerified: true, reason: '', ...(await check()) }
  } catch (error) {
    const until = error instanceof Untrusted ? error.until : undefined
    return {
      ...known,
      isVerified: false,
      reason: reasonOf(error).slice(0, reasonLimit),
      ...(until ? { until: until.toISOString() } : {}),
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Untrusted) return error.message
  const text = error instanceof Error ? error.message : 'unknown'
  return `the signature cannot be read: ${printable(text)}`
}

/** What a signature says, for a message: short, and without characters that a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 200)
}

/** Base64 as signatures use it. Throws Untrusted when the text is missing. */
export function fromBase64(text: unknown, what: string): Buffer {
  if (typeof text !== 'string' || text === '') throw new Untrusted(`it has no ${what}`)
  return Buffer.from(text, 'base64')
}

/** A JSON object. Throws Untrusted for anything else. */
export function parseObject(text: string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (!isObject(value)) throw new Untrusted(`its ${what} is not a JSON object`)
  return value
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A member of nested objects; undefined where one of them is missing. */
export function memberOf(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), value)
}
