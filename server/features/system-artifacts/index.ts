export { openSystemArtifacts, type SystemArtifacts } from './artifacts.ts'
export { cleanupHandler, scheduleCleanup } from './jobs.ts'
export type { SystemArtifact } from './store.ts'
