import { hash, verify } from '@node-rs/argon2'
import { randomBytes, randomInt } from 'node:crypto'

/** argon2id, 19 MiB, 2 passes: OWASP's figures; 10 ms here (C-20). */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export function hashPassword(password: string): Promise<string> {
  return hash(password, cost)
}

/** Takes as long for an account that does not exist as for a wrong password. */
export async function checkPassword(passwordHash: string | null | undefined, password: string): Promise<boolean> {
  if (!passwordHash) {
    await verify(await nobody(), password)
    return false
  }
  return verify(passwordHash, password)
}

let nobodyHash: Promise<string> | undefined
const nobody = () => (nobodyHash ??= hashPassword(randomBytes(16).toString('hex')))

/** Harbor's rule: 8 to 128 characters with an upper-case letter, a lower-case one and a digit. Returns what is missing. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < 8 || password.length > 128) return 'a password has 8 to 128 characters'
  if (!/[a-z]/.test(password) || !/[A-Z]/.test(password) || !/\d/.test(password)) return 'a password has an upper-case letter, a lower-case letter and a digit'
  return undefined
}

/** 20 letters and digits without look-alikes: 116 bits, and it satisfies passwordProblem. */
export function makePassword(): string {
  const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789'
  for (;;) {
    const password = Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('')
    if (!passwordProblem(password)) return password
  }
}
