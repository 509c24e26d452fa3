import { feature } from '../../platform/feature.ts'
import { artifactRoutes } from './routes/routes.ts'
import { facts } from './topics.ts'

export { deleteArtifact } from './actions/delete.ts'
export { readAddition } from './additions/additions.ts'
export type { Column } from './columns.ts'
export { deprecationWarning } from './deprecated.ts'
export { describe } from './describe.ts'
export { findAccessories, openArtifacts } from './objects.ts'
export { getArtifact } from './routes/shared.ts'
export { between, type KeptOverview, type OverviewReader } from './overviews.ts'
export { findArtifactId, type HeldRow } from './store.ts'
export type { KeptArtifact } from './text/kept.ts'
export { facts as artifactFacts } from './topics.ts'

/** Artifacts, their tags, accessories, labels and additions. `lent`, `overviews`: columns of other features. */
export const artifacts = (lent: Parameters<typeof artifactRoutes>[0]) =>
  feature({ name: 'artifacts', topics: facts, routes: artifactRoutes(lent) })
