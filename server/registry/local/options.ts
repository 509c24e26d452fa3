import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Cache } from '../../platform/cache/cache.ts'
import type { Db } from '../../platform/db/db.ts'
import type { Turns } from '../../platform/turns.ts'
import type { Describe } from '../describe.ts'
import type { PushGates, UntagGates } from '../gate.ts'
import type { UnsyncedLimits } from './unsynced/place.ts'

/** What Marina's own registry needs. */
export type LocalOptions = {
  db: Db
  cache: Cache
  blobs: Blobs
  gates: PushGates & UntagGates
  describe: Describe
  /** The queue in which the pushes of one project wait, so that they hold no database connection while they wait. */
  turns: Turns
  /** Which small blobs the database keeps until their files are synced; none without it. */
  unsynced?: UnsyncedLimits
  /** Hears why files of small blobs could not be written after their pushes were answered. */
  onFileTrouble?: (error: unknown) => void
  /** True while no other process uses this database, as far as is known. */
  isAlone?: () => boolean
  /** Where work is given that is to be done before the database is closed. */
  closing?: Pick<AsyncDisposableStack, 'defer'>
}
