import type { VouchedGroup } from '../accounts/index.ts'
import type { LdapConfig } from './config.ts'
import type { Bound, Found } from './connection.ts'
import { all, any, equals, inChain, isPresent } from './filters.ts'
import { isBelow, normalDn } from './names.ts'

export type GroupLimits = { inChain: boolean; groupDepth: number; entries: number }

/** A person as the directory has them. */
export type Person = { dn: string; username: string; email: string | null; realName: string; memberOf: string[] }

/** DNs that one search asks for at once. */
const batch = 50

/**
 * The groups of a person below the base of groups, by one search for the entries that list the person as a member
 * (groupOfNames, groupOfUniqueNames, posixGroup, Active Directory), and one more for each level of groups in groups.
 * Groups that only the person's own entry names (dynamic groups) are looked up by their DN. `dns`: all of them in their
 * normal form, also those outside the base.
 */
export async function groupsOf(
  bound: Bound,
  config: LdapConfig,
  person: Person,
  limits: GroupLimits,
): Promise<{ groups: VouchedGroup[]; dns: Set<string> }> {
  const dns = new Set(person.memberOf.flatMap((dn) => normalDn(dn) ?? []))
  const found = new Map<string, VouchedGroup>()
  if (config.group.baseDn === '') return { groups: [], dns }
  const add = (rows: Found[]) => {
    const fresh = rows.filter(({ dn }) => !found.has(normalDn(dn) ?? dn))
    for (const row of fresh) found.set(normalDn(row.dn) ?? row.dn, groupOf(row, config))
    return fresh.map(({ dn }) => dn)
  }
  const listing = limits.inChain ? inChain('member', person.dn) : equals('member', person.dn)
  const lists = any(listing, equals('uniqueMember', person.dn), equals('memberUid', person.username))
  let next = add(await searchGroups(bound, config, lists, limits.entries))
  next.push(...add(await namedOnly(bound, config, person, found)))
  for (let depth = limits.inChain ? 0 : limits.groupDepth; depth > 0 && next.length > 0; depth--) {
    const above: string[] = []
    for (let at = 0; at < next.length && found.size < limits.entries; at += batch) {
      const members = next.slice(at, at + batch).flatMap((dn) => [equals('member', dn), equals('uniqueMember', dn)])
      above.push(...add(await searchGroups(bound, config, any(...members), limits.entries - found.size)))
    }
    next = above
  }
  for (const dn of found.keys()) dns.add(dn)
  return { groups: [...found.values()], dns }
}

/** The group with this DN, when it is below the base of groups and satisfies their filter. */
export async function findGroupAt(bound: Bound, config: LdapConfig, dn: string): Promise<VouchedGroup | undefined> {
  if (!isBelow(dn, config.group.baseDn)) return undefined
  const [row] = await bound.search(dn, {
    scope: 'base',
    filter: all(config.group.filter, isPresent('objectClass')),
    attributes: [config.group.name],
    most: 1,
    isAbsentEmpty: true,
  })
  return row && groupOf(row, config)
}

/** The groups of exactly this name. */
export async function findGroupsNamed(
  bound: Bound,
  config: LdapConfig,
  name: string,
  most: number,
): Promise<VouchedGroup[]> {
  const rows = await searchGroups(bound, config, equals(config.group.name, name), most)
  return rows.map((row) => groupOf(row, config))
}

function searchGroups(bound: Bound, config: LdapConfig, which: ReturnType<typeof any>, most: number): Promise<Found[]> {
  const { baseDn, scope, filter, name } = config.group
  return bound.search(baseDn, { scope, filter: all(filter, which), attributes: [name], most })
}

async function namedOnly(
  bound: Bound,
  config: LdapConfig,
  { memberOf }: Person,
  found: ReadonlyMap<string, VouchedGroup>,
): Promise<Found[]> {
  const rows: Found[] = []
  const left = memberOf.filter((dn) => !found.has(normalDn(dn) ?? dn) && isBelow(dn, config.group.baseDn))
  for (const dn of left.slice(0, batch)) {
    const group = await findGroupAt(bound, config, dn)
    if (group) rows.push({ dn: group.ldapDn!, values: { [config.group.name.toLowerCase()]: [group.name] } })
  }
  return rows
}

const groupOf = ({ dn, values }: Found, { group }: LdapConfig): VouchedGroup => ({
  name: values[group.name.toLowerCase()]?.[0] ?? dn,
  ldapDn: dn,
})
