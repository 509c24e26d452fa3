import { isCallable } from '../../platform/outbound/outbound.ts'
import { isVisible } from '../../platform/visible.ts'

/**
 * How Marina authenticates itself to a scanner; '' sends no credential. The last one is another word for APIKey, which
 * earlier versions took.
 */
const authKinds = ['', 'Basic', 'Bearer', 'APIKey', 'X-ScannerAdapter-API-Key'] as const
export type AuthKind = (typeof authKinds)[number]

/** The URL of a scanner, and how requests to it are authenticated. */
export type Address = { url: string; auth: AuthKind; credential: string; skipsTlsCheck: boolean }
export type NewScanner = Address & {
  name: string
  description: string
  isDisabled: boolean
  usesInternalAddress: boolean
}

/** Why a registration is wrong, or undefined. The text never holds the credential. */
export function scannerProblem({
  name,
  description,
  url,
  auth,
  credential,
}: Pick<NewScanner, 'name' | 'description' | 'url' | 'credential'> & { auth: string }): string | undefined {
  if (name.length < 1 || name.length > 128 || !isVisible(name))
    return 'a scanner has a name of 1 to 128 characters, without control characters and invisible ones'
  if (description.length > 1024) return 'a description has at most 1024 characters'
  if (url.length > 512 || !isCallable(url))
    return 'url is an http or https URL of at most 512 characters, without a name and password in it'
  if (!authKinds.includes(auth as AuthKind)) return `auth is empty or one of ${authKinds.filter(Boolean).join(', ')}`
  if (credential.length > 4096 || /[\r\n\0]/.test(credential))
    return 'access_credential is one line of at most 4096 characters'
  if (auth !== '' && credential === '') return `auth ${auth} needs an access_credential`
  return auth === 'Basic' && !credential.includes(':')
    ? 'auth Basic takes an access_credential of the form name:password'
    : undefined
}

/** The header with which Marina authenticates itself to a scanner. */
export function authHeaders({ auth, credential }: Pick<Address, 'auth' | 'credential'>): Record<string, string> {
  switch (auth) {
    case '':
      return {}
    case 'Basic':
      return { authorization: `Basic ${Buffer.from(credential).toString('base64')}` }
    case 'Bearer':
      return { authorization: `Bearer ${credential}` }
    case 'APIKey':
    case 'X-ScannerAdapter-API-Key':
      return { 'x-scanneradapter-api-key': credential }
  }
}
