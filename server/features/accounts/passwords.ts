import { hash, verify } from '@node-rs/argon2'
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

/** argon2id with 19 MiB and 2 passes, as OWASP recommends; a hash takes about 10 ms (C-20). */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export function hashPassword(password: string): Promise<string> {
  return hash(password, cost)
}

/** Takes as long for a name that does not exist as for a wrong password or secret. */
export async function checkPassword(passwordHash: string | null | undefined, password: string): Promise<boolean> {
  if (passwordHash && !passwordHash.startsWith(quick)) return verify(passwordHash, password)
  if (passwordHash && isQuickHash(passwordHash, password)) return true
  await verify(await nobody(), password)
  return false
}

let nobodyHash: Promise<string> | undefined
const nobody = () => (nobodyHash ??= hashPassword(randomBytes(16).toString('hex')))

/** Returns what breaks Harbor's rule: 8 to 128 characters with an upper-case letter, a lower-case one and a digit. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < 8 || password.length > 128) return 'a password has 8 to 128 characters'
  if (!/[a-z]/.test(password) || !/[A-Z]/.test(password) || !/\d/.test(password))
    return 'a password has an upper-case letter, a lower-case letter and a digit'
  return undefined
}

/** Letters and digits without look-alikes, 5.8 bits each; satisfies passwordProblem. */
export function makePassword(length = 20): string {
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789'
  for (;;) {
    const password = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
    if (!passwordProblem(password)) return password
  }
}

const quick = 'sha256:'

/**
 * Hashes secrets made by makeSecret, and no others: 185 random bits cannot be guessed, so a slow hash would protect
 * nothing, and robots log in often.
 */
export function quickHash(secret: string, salt = randomBytes(16).toString('base64url')): string {
  return `${quick}${salt}:${createHash('sha256').update(`${salt}:${secret}`).digest('base64url')}`
}

function isQuickHash(known: string, secret: string): boolean {
  const [, salt = ''] = known.split(':')
  const [a, b] = [known, quickHash(secret, salt)].map((text) => createHash('sha256').update(text).digest())
  return timingSafeEqual(a!, b!)
}

/** 32 letters and digits, 185 bits; satisfies passwordProblem. */
export const makeSecret = () => makePassword(32)
