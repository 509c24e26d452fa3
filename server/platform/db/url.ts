/**
 * The words of libpq's `sslmode` with the meaning that they have there. Our driver takes `require` for `verify-full`,
 * and warns of it in plain text. `allow` is `prefer`; both ask for TLS here, as the driver does not fall back to plain
 * text. Throws Error.
 */
export function asLibpq(url: string): string {
  const parsed = new URL(url)
  const mode = parsed.searchParams.get('sslmode')
  if (mode === null || parsed.searchParams.has('uselibpqcompat')) return url
  if (!modes.includes(mode))
    throw new Error(`sslmode=${mode} in the address of the database: it is one of ${modes.join(', ')}`)
  if (mode === 'verify-ca' && !parsed.searchParams.has('sslrootcert'))
    throw new Error('sslmode=verify-ca in the address of the database needs sslrootcert=<file>; or use verify-full')
  if (!lenient.includes(mode)) return url
  if (mode === 'allow') parsed.searchParams.set('sslmode', 'prefer')
  parsed.searchParams.set('uselibpqcompat', 'true')
  return parsed.href
}

/** Those that the driver takes for `verify-full`. */
const lenient = ['allow', 'prefer', 'require', 'verify-ca']
const modes = ['disable', 'no-verify', ...lenient, 'verify-full']

/** Codes of Node's TLS for a certificate that is not believed: waiting does not help. */
const untrusted = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Why TLS with the database cannot work as it is configured, and the way out; undefined for any other error. */
export function tlsProblem(error: unknown): string | undefined {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (untrusted.has(code))
    return (
      `the certificate of the database is not trusted (${code}): name its authority by sslrootcert=<file> ` +
      'in MARINA_DATABASE_URL, or encrypt without that check by sslmode=require'
    )
  if (message.includes('does not support SSL'))
    return 'the database does not offer TLS: set it up there, or use sslmode=disable in MARINA_DATABASE_URL'
  return undefined
}
