import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { SystemArtifacts } from '../system-artifacts/index.ts'
import { artifactExportHandler } from './jobs.ts'
import { exportRoutes } from './routes.ts'
import { facts } from './topics.ts'

type Lent = { db: Db; artifacts: SystemArtifacts }

/** Reports of artifacts as CSV files. */
export const exports = ({ db, artifacts }: Lent) =>
  feature({
    name: 'exports',
    topics: facts,
    routes: exportRoutes(db, artifacts),
    jobs: [artifactExportHandler(db, artifacts)],
  })
