export { tagStays, tagStaysPut } from './gate.ts'
export { immutabilityRoutes } from './routes.ts'
export type { Immutable } from './rules.ts'
export { findImmutable } from './store.ts'
