import { batch, computed, signal } from '@preact/signals'
import type { AnswerOf } from '../../../api/operation.ts'
import { getSystemInfo } from '../../../api/system.ts'
import { getCurrentUserInfo, getCurrentUserPermissions, updateUserPassword } from '../../../api/users.ts'
import { ApiError, postLogin, postLogout, send, whenSignedOut } from './api.ts'
import { base, navigate } from './location.ts'
import { forgetAll } from './query.ts'

type User = AnswerOf<typeof getCurrentUserInfo>

/** Who looks at the portal: nobody known until `begin`, then an account or an anonymous caller. */
type Session =
  | { state: 'unknown' }
  | { state: 'anonymous' }
  | { state: 'user'; user: User; rights: ReadonlySet<string> }

const session = signal<Session>({ state: 'unknown' })
/** What the server says of itself; more for callers who are signed in. */
export const systemInfo = signal<AnswerOf<typeof getSystemInfo> | undefined>(undefined)

/** The account of the caller; undefined for anonymous ones. */
export const user = computed(() => (session.value.state === 'user' ? session.value.user : undefined))
/** Whether the caller administers the system, by Marina or by the system that vouches for the account. */
export const isAdministrator = computed(
  () => user.value !== undefined && (user.value.sysadmin_flag || user.value.admin_role_in_auth),
)
export const isKnown = computed(() => session.value.state !== 'unknown')

/**
 * Whether the caller holds a right on the system, such as ('user', 'list'). Reading it in a component subscribes.
 * System administrators alone have rights on the configuration. The API does not list these: no robot can have them.
 */
export function canInSystem(resource: string, action: string): boolean {
  if (session.value.state !== 'user') return false
  if (resource === 'configuration') return isAdministrator.value
  return session.value.rights.has(`${resource}:${action}`)
}

/** Asks the server who is calling. Rejects with ApiError when it cannot be reached. */
export async function begin(): Promise<void> {
  whenSignedOut(() => {
    if (session.peek().state === 'user') {
      session.value = { state: 'anonymous' }
      forgetAll()
    }
  })
  const { body } = await send(getSystemInfo, {})
  systemInfo.value = body
  // Only signed-in callers learn the version: anonymous ones need not be asked a question that they may not ask.
  session.value = body.harbor_version === undefined ? { state: 'anonymous' } : await readUser()
}

/** Signs in; rejects with ApiError. */
export async function signIn(name: string, password: string): Promise<void> {
  await postLogin(name, password)
  await begin()
  forgetAll()
}

/** Changes the caller's password. That ends every session of the account; a new one begins here. */
export async function changeOwnPassword(userId: number, old: string, next: string): Promise<void> {
  await send(updateUserPassword, { params: { user_id: userId }, body: { old_password: old, new_password: next } })
  await signIn(user.peek()!.username, next)
}

/** The account that comes with a Marina: its password is always checked here. */
const firstAccountId = 1

/** The system that vouches for an account, by its mode; undefined for an account of this Marina. */
export function vouchedBy(account: Pick<User, 'user_id'>): string | undefined {
  const mode = systemInfo.value?.auth_mode ?? 'db_auth'
  return mode === 'db_auth' || account.user_id === firstAccountId ? undefined : mode
}

/** Ends the session and goes to a page for callers who are not signed in. Rejects with ApiError. */
export async function signOut(to: string): Promise<void> {
  await postLogout()
  // Both at once: what only the account could see is not asked again.
  batch(() => {
    session.value = { state: 'anonymous' }
    navigate(to)
  })
  await begin()
  forgetAll()
}

async function readUser(): Promise<Session> {
  try {
    const [{ body }, { body: held }] = await Promise.all([
      send(getCurrentUserInfo, {}),
      send(getCurrentUserPermissions, { query: { scope: '/system', relative: true } }),
    ])
    return { state: 'user', user: body, rights: new Set(held.map(({ resource, action }) => `${resource}:${action}`)) }
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return { state: 'anonymous' }
    throw error
  }
}

/** The host and port that clients write before a repository's name. */
export const registryHost = computed(() => {
  const url = systemInfo.value?.external_url ?? systemInfo.value?.registry_url
  if (url === undefined || url === '') return location.host
  return URL.canParse(url) ? new URL(url).host : url
})

/** The address of the API, as programs elsewhere call it. */
export const apiUrl = computed(() => {
  const url = systemInfo.value?.external_url ?? ''
  return `${URL.canParse(url) ? url.replace(/\/$/, '') : `${location.origin}${base.slice(0, -1)}`}/api/v2.0`
})
