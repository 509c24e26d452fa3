import { searchUserGroups } from '../../../api/user-groups.ts'
import { searchUsers } from '../../../api/users.ts'
import { peopleWords } from '../i18n/people.ts'
import { send } from './api.ts'

/** Somebody who was picked: `value` is `u:name` for an account, `g:id` for a group. */
export type Picked = { value: string; label: string; hint?: string }

/** Accounts and groups by a part of their name. */
export async function findPeople(text: string, signal: AbortSignal): Promise<Picked[]> {
  if (text.trim() === '') return []
  const query = { page_size: 8 }
  const [users, groups] = await Promise.all([
    send(searchUsers, { query: { ...query, username: text.trim() } }, { signal }),
    send(searchUserGroups, { query: { ...query, groupname: text.trim() } }, { signal }),
  ])
  const words = peopleWords()
  return [
    ...users.body.map(({ username }) => ({ value: `u:${username}`, label: username, hint: words.person })),
    ...groups.body.map((one) => ({ value: `g:${one.id}`, label: one.group_name, hint: words.group })),
  ]
}

/** Names who was picked, or typed, as the API takes a holder of a role. A name that was only typed is an account's. */
export function holderOf(name: string, picked: Picked | undefined) {
  const [kind, value] = picked?.label === name ? [picked.value.slice(0, 2), picked.value.slice(2)] : []
  if (kind === 'g:') return { member_group: { id: Number(value) } }
  return { member_user: { username: name } }
}
