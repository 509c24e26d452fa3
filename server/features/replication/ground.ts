import type { Db } from '../../platform/db/db.ts'
import type { Endpoints } from '../endpoints/index.ts'
import { openMounts, type Mounts } from './copy/mounts.ts'
import { jobTypes, type JobTypes } from './jobs.ts'
import type { SidesGround } from './sides/open.ts'

/** Settings of replication (config/replication.ts). */
type ReplicationRules = {
  /** Tasks that one process runs at once. */
  atOnce: number
  /** Blobs, and tags, of one task that are copied at once. */
  blobsAtOnce: number
  tagsAtOnce: number
  /** The share of a target's tags that a mirror may delete in one run, in percent. */
  deletionPercent: number
  /** Tries of a blob, and the pause after the first that failed, in ms; it doubles. */
  blobTries: number
  blobBackOffMs: number
  /** The size of a chunk where a policy copies by chunk, in bytes. */
  chunkBytes: number
}

/** What the jobs of replication need. */
export type PlanGround = SidesGround & { db: Db; types: JobTypes; rules: ReplicationRules }
/** `localUrl`: the URL at which clients reach this Marina. */
export type CopyGround = PlanGround & { mounts: Mounts; localUrl: string }

/** What the roof lends to this feature. */
export type Lent = Pick<CopyGround, 'reader' | 'registry' | 'gates' | 'localUrl' | 'rules' | 'db'> & {
  endpoints: Endpoints
}

export const openCopyGround = (lent: Lent): CopyGround => ({
  ...lent,
  types: jobTypes(lent.rules),
  mounts: openMounts(),
})
