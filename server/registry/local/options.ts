import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Cache } from '../../platform/cache/cache.ts'
import type { Db } from '../../platform/db/db.ts'
import type { Turns } from '../../platform/turns.ts'
import type { Describe } from '../describe.ts'
import type { PushGates, UntagGates } from '../gate.ts'

/** What our own registry is made of. */
export type LocalOptions = {
  db: Db
  cache: Cache
  blobs: Blobs
  gates: PushGates & UntagGates
  describe: Describe
  /** Where the pushes of one project wait for each other instead of for the database. */
  turns: Turns
}
