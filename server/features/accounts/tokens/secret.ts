import { createHash, randomBytes } from 'node:crypto'

/** By its beginning people and scanners of leaked secrets know what it is. */
const prefix = 'marina_pat_'
const form = new RegExp(`^${prefix}[\\w-]{43}$`)

/** 256 random bits. */
export const makeTokenSecret = () => `${prefix}${randomBytes(32).toString('base64url')}`

/** Whether a password is that of a token by its form. */
export const isTokenSecret = (password: string) => form.test(password)

/** A secret of so many random bits cannot be guessed: a slow hash would protect nothing. */
export const hashOfSecret = (secret: string) => createHash('sha256').update(secret).digest()
