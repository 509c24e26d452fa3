import { parseFilter } from './filters.ts'
import { normalDn } from './names.ts'
import { parseLdapUrl } from './connection.ts'

const problemOf = (parse: (text: string) => unknown, words: string) => (value: unknown) => {
  const text = String(value)
  if (text === '') return undefined
  try {
    return parse(text) === undefined ? words : undefined
  } catch {
    return words
  }
}

const attribute = (name: string) =>
  problemOf((text) => /^[A-Za-z][A-Za-z0-9;.-]*$/.exec(text) ?? undefined, `${name} must be the name of an attribute`)
const filter = (name: string) => problemOf(parseFilter, `${name} must be a filter, such as (objectClass=person)`)
const dn = (name: string) => problemOf(normalDn, `${name} must be a distinguished name, such as dc=example,dc=com`)

/** Why the settings of a directory cannot have a value. The account that searches may be no DN at Active Directory. */
export const ldapItemProblems = {
  ldap_url: problemOf(parseLdapUrl, 'ldap_url must be ldap://host:port or ldaps://host:port'),
  ldap_base_dn: dn('ldap_base_dn'),
  ldap_group_base_dn: dn('ldap_group_base_dn'),
  ldap_group_admin_dn: dn('ldap_group_admin_dn'),
  ldap_filter: filter('ldap_filter'),
  ldap_group_search_filter: filter('ldap_group_search_filter'),
  ldap_uid: attribute('ldap_uid'),
  ldap_group_attribute_name: attribute('ldap_group_attribute_name'),
  ldap_group_membership_attribute: attribute('ldap_group_membership_attribute'),
}
