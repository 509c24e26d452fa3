import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { immutabilityRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { tagStays, tagStaysPut } from './gate.ts'
export type { Immutable } from './rules.ts'
export { findImmutable } from './store.ts'

/** Rules that make tags immutable. */
export const immutability = ({ db }: { db: Db }) =>
  feature({ name: 'immutability', topics: facts, routes: immutabilityRoutes(db) })
