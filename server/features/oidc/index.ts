import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { Log } from '../../platform/observe/log.ts'
import type { Oidc } from './oidc.ts'
import { oidcRoutes } from './routes.ts'
import { sweepOidc } from './store.ts'

export { isOidcPath, openOidcDoor } from './door.ts'
export { openOidc, type Oidc } from './oidc.ts'

/** Sign-in through an OpenID Connect provider. */
export const oidc = (lent: { db: Db; oidc: Oidc; log: Log }) =>
  feature({
    name: 'oidc',
    routes: oidcRoutes(lent),
    sweeps: [
      { trouble: 'old sign-ins through OIDC not removed', everyMs: 10 * 60_000, run: () => sweepOidc(lent.db.relaxed) },
    ],
  })
