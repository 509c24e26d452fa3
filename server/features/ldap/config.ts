import type { Filter } from 'ldapts'
import type { SettingsReader } from '../settings/index.ts'
import { parseFilter } from './filters.ts'

/** A directory, and what is searched in it: Harbor's `ldap_*` items. */
export type LdapConfig = {
  url: string
  searchDn: string
  searchPassword: string
  baseDn: string
  filter: Filter | undefined
  /** The attribute that holds a person's name: uid, cn, sAMAccountName. */
  uid: string
  scope: Scope
  timeoutMs: number
  verifiesTls: boolean
  group: {
    baseDn: string
    filter: Filter | undefined
    /** The attribute that holds a group's name. */
    name: string
    scope: Scope
    /** The attribute of a person that lists the groups' DNs. */
    membership: string
    adminDn: string
  }
}

export type Scope = 'base' | 'one' | 'sub'

/** By Harbor's numbers. */
export const scopeOf = (number: number): Scope => (['base', 'one', 'sub'] as const)[number] ?? 'sub'

/** The directory as the settings have it now. */
export async function readConfig(settings: SettingsReader): Promise<LdapConfig> {
  const all = await settings.all()
  return {
    url: all.ldap_url,
    searchDn: all.ldap_search_dn,
    searchPassword: all.ldap_search_password,
    baseDn: all.ldap_base_dn,
    filter: parseFilter(all.ldap_filter),
    uid: all.ldap_uid || 'cn',
    scope: scopeOf(all.ldap_scope),
    timeoutMs: all.ldap_timeout * 1000,
    verifiesTls: all.ldap_verify_cert,
    group: {
      baseDn: all.ldap_group_base_dn,
      filter: parseFilter(all.ldap_group_search_filter),
      name: all.ldap_group_attribute_name || 'cn',
      scope: scopeOf(all.ldap_group_search_scope),
      membership: all.ldap_group_membership_attribute || 'memberof',
      adminDn: all.ldap_group_admin_dn,
    },
  }
}
