import { feature } from '../../platform/feature.ts'
import { scannerRoutes } from './routes.ts'
import { facts } from './topics.ts'

/** Scanners that are registered, and those that projects chose. */
export const scanning = (lent: Parameters<typeof scannerRoutes>[0]) =>
  feature({ name: 'scanning', topics: facts, routes: scannerRoutes(lent) })
