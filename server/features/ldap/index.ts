import { readFile } from 'node:fs/promises'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import { feature } from '../../platform/feature.ts'
import type { Outside } from '../accounts/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { readConfig } from './config.ts'
import { openDirectory, type Directory } from './directory.ts'
import { asked, ldapRoutes } from './routes.ts'

export { openBringing } from './bring.ts'
export { ldapItemProblems } from './items.ts'
export { ldapProvider } from './provider.ts'
export type { Directory } from './directory.ts'

type Rules = {
  ldap: {
    startTls: boolean
    ca: string | undefined
    inChain: boolean
    pageEntries: number
    entries: number
    groupDepth: number
  }
  identity: { answerMs: number; callsAtOnce: number }
}

/** The directory that the settings name. Has no effects: it is connected to when it is asked. */
export function directoryOf({ ldap, identity }: Rules, outbound: Outbound): Directory {
  const { ca, ...rules } = ldap
  return openDirectory({
    ...rules,
    ...identity,
    outbound,
    // Read each time, so that a renewed certificate counts at once.
    readCa: async () => (ca === undefined ? undefined : readFile(ca, 'utf8')),
  })
}

type Lent = { directory: Directory; settings: SettingsReader; outside: Outside }

/** People and groups of a directory (LDAP, Active Directory). */
export const ldap = ({ directory, settings, outside }: Lent) =>
  feature({
    name: 'ldap',
    routes: ldapRoutes({
      directory,
      settings,
      vouch: (vouched) => outside.vouch(outside.providers.get('ldap')!, vouched),
    }),
  })

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
