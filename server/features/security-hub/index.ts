import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { hubRoutes } from './routes.ts'

/** What the default scanner has found in all images of all projects. */
export const securityHub = ({ db }: { db: Db }) => feature({ name: 'security-hub', routes: hubRoutes(db) })
