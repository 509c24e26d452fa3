import { feature } from '../../platform/feature.ts'
import type { Outside } from '../accounts/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import type { Directory } from './directory.ts'
import { ldapRoutes } from './routes.ts'

export { openBringing, openGroupFinder } from './bring.ts'
export type { Directory } from './directory.ts'
export { ldapItemProblems } from './items.ts'
export { directoryOf } from './open.ts'
export { ldapProvider } from './provider.ts'

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
