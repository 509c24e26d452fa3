import { searchLdapGroup } from '../../../api/ldap.ts'
import { searchUserGroups } from '../../../api/user-groups.ts'
import { searchUsers } from '../../../api/users.ts'
import { peopleWords } from '../i18n/people.ts'
import { send } from './api.ts'
import { canInSystem, systemInfo } from './session.ts'

/**
 * Somebody who was picked: `value` is `u:name` for an account, `g:id` for a group, `d:` and the distinguished name for
 * a group of the directory that Marina does not know yet.
 */
export type Picked = { value: string; label: string; hint?: string }

/** Accounts and groups by a part of their name. */
export async function findPeople(text: string, signal: AbortSignal): Promise<Picked[]> {
  if (text.trim() === '') return []
  const query = { page_size: 8 }
  const [users, groups, others] = await Promise.all([
    send(searchUsers, { query: { ...query, username: text.trim() } }, { signal }),
    send(searchUserGroups, { query: { ...query, groupname: text.trim() } }, { signal }),
    findInDirectory(text.trim(), signal),
  ])
  const words = peopleWords()
  return [
    ...users.body.map(({ username }) => ({ value: `u:${username}`, label: username, hint: words.person })),
    ...groups.body.map((one) => ({ value: `g:${one.id}`, label: one.group_name, hint: words.group })),
    ...others,
  ]
}

/** Groups of the directory with exactly this name, for those who may look into it. One that fails hides no others. */
async function findInDirectory(name: string, signal: AbortSignal): Promise<Picked[]> {
  if (systemInfo.value?.auth_mode !== 'ldap_auth' || !canInSystem('ldap-user', 'list')) return []
  const { body } = await send(searchLdapGroup, { query: { groupname: name } }, { signal }).catch(() => ({ body: [] }))
  return body.map(({ group_name: label, ldap_group_dn: dn }) => ({
    value: `d:${dn}`,
    label,
    hint: peopleWords().directoryGroup,
  }))
}

/** Names who was picked, or typed, as the API takes a holder of a role. A name that was only typed is an account's. */
export function holderOf(name: string, picked: Picked | undefined) {
  const [kind, value] = picked?.label === name ? [picked.value.slice(0, 2), picked.value.slice(2)] : []
  if (kind === 'g:') return { member_group: { id: Number(value) } }
  if (kind === 'd:') return { member_group: { group_type: 1, ldap_group_dn: value } }
  return { member_user: { username: name } }
}
