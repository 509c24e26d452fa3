import type { Static } from 'typebox'
import * as api from '../../../api/ldap.ts'
import { Failure } from '../../platform/http/failure.ts'
import { Reply } from '../../platform/http/reply.ts'
import { route, type ApiRoute } from '../access/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { readConfig, scopeOf, type LdapConfig } from './config.ts'
import type { Directory } from './directory.ts'
import { parseFilter } from './filters.ts'
import type { Person } from './groups.ts'
import { importPeople, type Vouch } from './import.ts'
import { normalDn } from './names.ts'
import { troubleOf } from './trouble.ts'

type LdapRoutesOptions = { directory: Directory; settings: SettingsReader; vouch: Vouch }

export function ldapRoutes({ directory, settings, vouch }: LdapRoutesOptions): ApiRoute[] {
  return [
    route(api.pingLdap, { system: 'configuration', verb: 'update' }, async ({ body }) => {
      const config = completed(await readConfig(settings), body)
      return directory.ping(config).then(() => ({ success: true }), pingTrouble)
    }),
    route(api.searchLdapUser, { system: 'ldap-user', verb: 'list' }, async ({ query: { username = '' } }) => {
      const config = await neededConfig()
      return (await asked(directory.findPeople(config, username))).map(present)
    }),
    route(
      api.importLdapUser,
      { system: 'ldap-user', verb: 'create' },
      async ({ body: { ldap_uid_list: names = [] } }) => {
        if ((await settings.get('auth_mode')) !== 'ldap_auth')
          throw new Failure('PRECONDITION', 'people of a directory can be imported when auth_mode is ldap_auth')
        const config = await neededConfig()
        const failed = await asked(importPeople({ directory, vouch }, config, names))
        return failed.length > 0 ? new Reply(failed, { status: 404 }) : nothing
      },
    ),
    route(api.searchLdapGroup, { system: 'ldap-user', verb: 'list' }, async ({ query }) => {
      const { groupname: name = '', groupdn: dn = '' } = query
      if (dn !== '' && normalDn(dn) === undefined)
        throw new Failure('BAD_REQUEST', 'groupdn must be a distinguished name')
      const config = await neededConfig()
      const groups =
        name === '' && dn === '' ? [] : await asked(directory.findGroups(config, dn === '' ? { name } : { dn }))
      if (groups.length === 0) throw new Failure('NOT_FOUND', `resource not found: group name:${name}, group DN:${dn}`)
      return groups.map((group) => ({ group_name: group.name, ldap_group_dn: group.ldapDn ?? '' }))
    }),
  ]

  /** Throws PRECONDITION where no directory is set. */
  async function neededConfig(): Promise<LdapConfig> {
    const config = await readConfig(settings)
    if (config.url === '') throw new Failure('PRECONDITION', 'no directory is set: set ldap_url first')
    return config
  }
}

/** Throws UNAVAILABLE, with the reason, for a directory that could not be asked: only administrators read it. */
export async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('UNAVAILABLE', `the directory cannot be asked: ${troubleOf(error).message}`, { cause: error })
  }
}

/** Harbor's words for what Harbor knows, else the reason. */
function pingTrouble(error: unknown): Static<typeof api.LdapPingResult> {
  const { kind, message } = troubleOf(error)
  if (kind === 'credential') return { message: `error: ${message}` }
  const known = kind === 'network' ? 'ldap server network timeout' : 'fail to ping LDAP server'
  return { message: `error: ${known}: ${message}` }
}

/** The directory that a ping names, completed by the settings. */
function completed(stored: LdapConfig, given: Static<typeof api.LdapConf>): LdapConfig {
  return {
    ...stored,
    url: given.ldap_url ?? stored.url,
    searchDn: given.ldap_search_dn ?? stored.searchDn,
    searchPassword: given.ldap_search_password || stored.searchPassword,
    baseDn: given.ldap_base_dn ?? stored.baseDn,
    filter: given.ldap_filter === undefined ? stored.filter : readFilter(given.ldap_filter),
    uid: given.ldap_uid || stored.uid,
    scope: given.ldap_scope === undefined ? stored.scope : scopeOf(given.ldap_scope),
    timeoutMs: given.ldap_connection_timeout ? given.ldap_connection_timeout * 1000 : stored.timeoutMs,
    verifiesTls: given.ldap_verify_cert ?? stored.verifiesTls,
  }
}

/** Throws BAD_REQUEST. */
function readFilter(text: string) {
  try {
    return parseFilter(text)
  } catch (error) {
    throw new Failure('BAD_REQUEST', 'ldap_filter is no filter, such as (objectClass=person)', { cause: error })
  }
}

/** Harbor answers 200 without a body. */
const nothing = new Reply<Static<typeof api.LdapFailedImportUser>[]>(undefined as never)

const present = ({ username, realName, email }: Person): Static<typeof api.LdapUser> => ({
  username,
  realname: realName,
  ...(email === null ? {} : { email }),
})
