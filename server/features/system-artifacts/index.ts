import { feature } from '../../platform/feature.ts'
import type { SystemArtifacts } from './artifacts.ts'
import { cleanupHandler, scheduleCleanup } from './jobs.ts'
import { facts } from './topics.ts'

export { openSystemArtifacts, type SystemArtifacts } from './artifacts.ts'

/** Files that Marina itself stores among the blobs, such as reports. */
export const systemArtifacts = ({ artifacts }: { artifacts: SystemArtifacts }) =>
  feature({ name: 'system-artifacts', topics: facts, jobs: [cleanupHandler(artifacts)], schedule: scheduleCleanup })
