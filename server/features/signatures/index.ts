import { feature } from '../../platform/feature.ts'
import type { Signatures } from './open.ts'
import { signatureRoutes } from './routes.ts'
import { facts } from './topics.ts'

export type { Requirement } from './gate.ts'
export { openSignatures, type Signatures } from './open.ts'

/** Signatures of artifacts: whose a project trusts, and which of them are verified. */
export const signatures = ({ ground }: Signatures) =>
  feature({ name: 'signatures', topics: facts, routes: signatureRoutes(ground) })
