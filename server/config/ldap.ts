import { optional, setting } from './setting.ts'
import { flag, integer, line } from './units.ts'

/** How a directory is asked, beside Harbor's `ldap_*` items, which the API changes. */
export const ldap = {
  startTls: setting({
    env: 'MARINA_LDAP_START_TLS',
    path: 'ldap.start_tls',
    parse: flag,
    fallback: false,
    help: 'encrypt connections to an ldap:// directory by StartTLS before anything is sent; ldaps:// always is',
  }),
  ca: setting({
    env: 'MARINA_LDAP_CA',
    path: 'ldap.ca',
    parse: optional(line),
    fallback: undefined,
    help: 'file with certificates (PEM) of the authorities that a directory may have its certificate of',
  }),
  inChain: setting({
    env: 'MARINA_LDAP_IN_CHAIN',
    path: 'ldap.in_chain',
    parse: flag,
    fallback: false,
    help: 'let Active Directory find groups within groups in one search (rule 1.2.840.113556.1.4.1941)',
  }),
  pageEntries: setting({
    env: 'MARINA_LDAP_PAGE',
    path: 'ldap.page',
    parse: integer(1, 10_000),
    fallback: 500,
    help: 'entries on one page of an answer of the directory',
  }),
  entries: setting({
    env: 'MARINA_LDAP_ENTRIES',
    path: 'ldap.entries',
    parse: integer(1, 1_000_000),
    fallback: 2000,
    help: 'entries of one search that are read at most: people found, groups of one person',
  }),
  groupDepth: setting({
    env: 'MARINA_LDAP_GROUP_DEPTH',
    path: 'ldap.group_depth',
    parse: integer(0, 50),
    fallback: 10,
    help: 'groups within groups that are followed to this depth; 0 follows none',
  }),
}
