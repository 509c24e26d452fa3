import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ownBounds } from './requests.ts'

/** A directory to try. A field that is left out is taken from the settings; so is an empty password. */
export const LdapConf = Type.Object({
  ldap_url: Type.Optional(Type.String()),
  ldap_search_dn: Type.Optional(Type.String()),
  ldap_search_password: Type.Optional(Type.String()),
  ldap_base_dn: Type.Optional(Type.String()),
  ldap_filter: Type.Optional(Type.String()),
  ldap_uid: Type.Optional(Type.String()),
  ldap_scope: Type.Optional(Type.Integer()),
  /** In seconds. */
  ldap_connection_timeout: Type.Optional(Type.Integer()),
  ldap_verify_cert: Type.Optional(Type.Boolean()),
})

export const LdapPingResult = Type.Object({
  success: Type.Optional(Type.Boolean()),
  /** What is wrong, in Harbor's words. */
  message: Type.Optional(Type.String()),
})

export const LdapUser = Type.Object({
  username: Type.String(),
  realname: Type.String(),
  email: Type.Optional(Type.String()),
})

export const LdapImportUsers = Type.Object({ ldap_uid_list: Type.Optional(Type.Array(Type.String())) })

export const LdapFailedImportUser = Type.Object({
  uid: Type.Optional(Type.String()),
  error: Type.String(),
})

export const LdapGroup = Type.Object({ group_name: Type.String(), ldap_group_dn: Type.String() })

const tag = 'ldap'
const text = Type.String({ maxLength: 1024, ...ownBounds })

export const pingLdap = operation({
  id: 'pingLdap',
  tag,
  method: 'POST',
  path: '/ldap/ping',
  summary: 'Try to connect to a directory and to log in to it',
  body: LdapConf,
  status: 200,
  answer: LdapPingResult,
})

export const searchLdapUser = operation({
  id: 'searchLdapUser',
  tag,
  method: 'GET',
  path: '/ldap/users/search',
  summary: 'Find people of exactly this name in the directory; all of them without a name',
  query: Type.Object({ username: Type.Optional(text) }),
  status: 200,
  answer: Type.Array(LdapUser),
})

export const importLdapUser = operation({
  id: 'importLdapUser',
  tag,
  method: 'POST',
  path: '/ldap/users/import',
  summary: 'Make accounts for people of the directory; 404 lists the names for which there can be none',
  body: LdapImportUsers,
  status: 200,
  otherStatus: 404,
  answer: Type.Array(LdapFailedImportUser),
})

export const searchLdapGroup = operation({
  id: 'searchLdapGroup',
  tag,
  method: 'GET',
  path: '/ldap/groups/search',
  summary: 'Find groups in the directory, by their name or their DN',
  query: Type.Object({ groupname: Type.Optional(text), groupdn: Type.Optional(text) }),
  status: 200,
  answer: Type.Array(LdapGroup),
})
