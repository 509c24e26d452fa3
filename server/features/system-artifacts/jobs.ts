import type { Db } from '../../platform/db/db.ts'
import { namedCrons } from '../../platform/jobs/cron.ts'
import { ensureSchedule } from '../../platform/jobs/schedule.ts'
import { handler, jobType, type JobHandler } from '../../platform/jobs/type.ts'
import type { SystemArtifacts } from './artifacts.ts'

/** Harbor's name for the cleanup. It runs one at a time and is not retried: the next day is soon enough. */
export const systemArtifactCleanup = jobType<Record<string, never>>({
  name: 'SYSTEM_ARTIFACT_CLEANUP',
  isSingle: true,
  isAlone: true,
  priority: 5,
})

/** Removes expired artifacts, then what is only in storage or only in the database. */
export function cleanupHandler(artifacts: SystemArtifacts): JobHandler {
  return handler(systemArtifactCleanup, async ({ signal, log }) => {
    const cleaned = await artifacts.cleanup({
      signal,
      onTrouble: (vendor, error) => log(`${vendor}: not cleaned up: ${String(error)}`, 'ERROR'),
    })
    log(`${cleaned.deleted} system artifacts deleted, ${cleaned.bytes} bytes`)
    const settled = await artifacts.reconcile({ signal })
    log(`${settled.untracked} untracked removed from storage, ${settled.stale} records without bytes removed`)
    return { attrs: { ...cleaned, ...settled } }
  })
}

export async function scheduleCleanup(db: Db): Promise<void> {
  await ensureSchedule(db, systemArtifactCleanup, { cronType: 'Daily', cron: namedCrons['Daily']!, params: {} })
}
