import type { Tx } from '../../../platform/db/db.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { addGroup, groupProblem, groupTypes, replaceGroupsOf, type GroupType } from '../../user-groups/index.ts'
import type { VouchedGroup } from './provider.ts'
import { findVouchedGroups, listGroupsOf } from './store.ts'

/** Groups of one person that are taken over. A directory that returns more is cut here, in the order of their names. */
const most = 2000

/**
 * Gives an account exactly the groups that its provider names, within the caller's transaction. Groups that Marina does
 * not know are made, as Harbor does. Returns the names when they changed.
 */
export async function takeOverGroups(
  tx: Tx,
  by: Actor,
  { accountId, type, groups }: { accountId: number; type: GroupType; groups: VouchedGroup[] },
): Promise<string[] | undefined> {
  const wanted = usable(type, groups)
  const known = await findVouchedGroups(tx, type, wanted)
  const keyOf = ({ name, ldapDn }: VouchedGroup) => (type === groupTypes.ldap ? ldapDn!.toLowerCase() : name)
  const keys = new Set(known.map(({ name, dn }) => (type === groupTypes.ldap ? dn : name)))
  const made = []
  for (const group of wanted.filter((one) => !keys.has(keyOf(one)))) {
    made.push(await addGroup(tx, by, { name: group.name, type, ldapDn: group.ldapDn ?? '' }))
  }
  const ids = [...known, ...made].map(({ id }) => id).sort((a, b) => a - b)
  const before = await listGroupsOf(tx, accountId)
  if (JSON.stringify(before) === JSON.stringify(ids)) return undefined
  await replaceGroupsOf(tx, accountId, ids)
  return [...known, ...made].map(({ name }) => name)
}

/** Each group once, without those whose name or DN Marina cannot keep. */
function usable(type: GroupType, groups: VouchedGroup[]): VouchedGroup[] {
  const isKept = ({ name, ldapDn = '' }: VouchedGroup) => groupProblem({ name, type, ldapDn }) === undefined
  const keyOf = ({ name, ldapDn }: VouchedGroup) => ldapDn?.toLowerCase() ?? name
  const once = new Map(groups.filter(isKept).map((group) => [keyOf(group), group]))
  return [...once.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).slice(0, most)
}
