import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { findAccountByName, type Outside } from '../accounts/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { addGroup, findGroupByDn, groupTypes } from '../user-groups/index.ts'
import { readConfig } from './config.ts'
import type { Directory } from './directory.ts'
import { asked } from './routes.ts'

type BringOptions = { db: Db; directory: Directory; settings: SettingsReader; outside: Outside }

/** A person or a group that is to become a member, as a request names them. */
type Named = { user?: { id?: number; name?: string }; group?: { id?: number; ldapDn?: string } }

/**
 * Takes a person or a group of the directory over that a request names and Marina does not know yet, as Harbor does
 * when a member is added. Does nothing in other modes, and for what the directory does not have. Throws UNAVAILABLE.
 */
export function openBringing({ db, directory, settings, outside }: BringOptions) {
  return async (by: Actor, { user, group }: Named): Promise<void> => {
    const provider = outside.providers.get('ldap')
    if (!provider || (await settings.get('auth_mode')) !== 'ldap_auth') return
    const config = await readConfig(settings)
    const [name, dn] = [user?.id ? '' : (user?.name ?? ''), group?.id ? '' : (group?.ldapDn ?? '')]
    if (name !== '' && !(await findAccountByName(db, name))) {
      const [vouched] = await asked(directory.vouchFor(config, [name]))
      if (vouched) await outside.vouch(provider, vouched)
    }
    if (dn !== '' && !(await findGroupByDn(db, dn))) {
      const [found] = await asked(directory.findGroups(config, { dn }))
      if (!found) return
      const wanted = { name: found.name, type: groupTypes.ldap, ldapDn: found.ldapDn! }
      await db.transaction((tx) => addGroup(tx, by, wanted))
    }
  }
}

/**
 * Looks for a group in the directory, for groups that administrators make. 'no directory' where none is set. Throws
 * UNAVAILABLE.
 */
export function openGroupFinder(directory: Directory, settings: SettingsReader) {
  return async (dn: string): Promise<{ name: string; dn: string } | 'no directory' | undefined> => {
    const config = await readConfig(settings)
    if (config.url === '') return 'no directory'
    const [group] = await asked(directory.findGroups(config, { dn }))
    return group && { name: group.name, dn: group.ldapDn! }
  }
}
