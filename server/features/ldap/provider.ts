import type { OutsideProvider } from '../accounts/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { groupTypes } from '../user-groups/index.ts'
import { readConfig } from './config.ts'
import type { Directory } from './directory.ts'

/** The directory, as it vouches for accounts. A person is known by the name: the DN changes when they move. */
export function ldapProvider(directory: Directory, settings: SettingsReader): OutsideProvider {
  return {
    name: 'ldap',
    title: 'the directory',
    comment: 'from LDAP.',
    groupType: groupTypes.ldap,
    followsName: true,
    logIn: async (name, password, signal) => directory.logIn(await readConfig(settings), name, password, signal),
    refresh: async (origin, signal) => directory.findAgain(await readConfig(settings), origin, signal),
  }
}
