import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { SystemArtifacts } from '../system-artifacts/index.ts'
import { cveExportHandler } from './cves/jobs.ts'
import { cveExportRoutes } from './cves/routes.ts'
import { artifactExportHandler } from './jobs.ts'
import { exportRoutes } from './routes.ts'
import { facts } from './topics.ts'

type Lent = { db: Db; artifacts: SystemArtifacts }

/** Reports of artifacts, and of their vulnerabilities, as CSV files. */
export const exports = ({ db, artifacts }: Lent) =>
  feature({
    name: 'exports',
    topics: facts,
    routes: [...exportRoutes(db, artifacts), ...cveExportRoutes(db, artifacts)],
    jobs: [artifactExportHandler(db, artifacts), cveExportHandler(db, artifacts)],
  })
