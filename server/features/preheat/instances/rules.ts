import { isCallable } from '../../../platform/outbound/outbound.ts'
import { authModes, authProblem, type Auth, type AuthMode } from '../providers/auth.ts'
import { findProvider, providers } from '../providers/providers.ts'

/** What an administrator says of an instance. `auth.info` is plain. */
export type NewInstance = {
  name: string
  description: string
  provider: string
  endpoint: string
  auth: { mode: string; info: Record<string, string> }
  isEnabled: boolean
  isDefault: boolean
  isInsecure: boolean
}
export type CheckedInstance = Omit<NewInstance, 'auth'> & { auth: Auth }

/** Names of instances and policies are segments of paths. */
const nameForm = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/i

export const nameProblem = (name: string): string | undefined =>
  name.length > 255 || !nameForm.test(name)
    ? 'name must have 1 to 255 letters, digits, and single or repeated . _ - between them'
    : undefined

/** Why the instance cannot be saved; undefined when it can. */
export function instanceProblem(given: NewInstance): string | undefined {
  if (given.description.length > 1024 || given.description.includes('\0'))
    return 'description must have at most 1024 characters, without NUL'
  return nameProblem(given.name) ?? addressProblem(given)
}

/** Why the instance cannot be tried. The text never holds a secret. */
export function addressProblem({ provider, endpoint, auth }: NewInstance): string | undefined {
  if (!findProvider(provider)) return `vendor must be one of ${providers.map(({ id }) => id).join(', ')}`
  if (endpoint.length > 512) return 'endpoint must have at most 512 characters'
  if (!isCallable(endpoint))
    return 'endpoint must be a URL such as https://dragonfly.example:8080, without a login in it'
  const { search, hash } = new URL(endpoint)
  if (search !== '' || hash !== '') return 'endpoint must have no query and no fragment'
  if (!isMode(auth.mode)) return `auth_mode must be one of ${authModes.filter((one) => one !== '').join(', ')}`
  return authProblem({ mode: auth.mode, info: auth.info })
}

const isMode = (mode: string): mode is AuthMode => (authModes as readonly string[]).includes(mode)
