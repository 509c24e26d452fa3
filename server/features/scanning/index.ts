import { feature } from '../../platform/feature.ts'
import { scannerRoutes } from './routes.ts'
import { facts } from './topics.ts'

/** Registrations of scanners. */
export const scanning = (lent: Parameters<typeof scannerRoutes>[0]) =>
  feature({ name: 'scanning', topics: facts, routes: scannerRoutes(lent) })
