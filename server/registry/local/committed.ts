import type { Digest } from '../../../oci/digest.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { Claimed } from './claim.ts'
import { areStored } from './unsynced/right.ts'

/**
 * Notes as which blob the bytes of an upload are about to be moved to their place. A crash right after the move would
 * leave an upload without bytes: with the note it can still be finished.
 */
export async function noteCommit(db: Db, { id, claim }: Claimed, digest: Digest): Promise<void> {
  await db.relaxed.run(sql`update upload set committing = ${digest} where id = ${id} and claim = ${claim}`)
}

/**
 * True when an earlier request has moved the bytes of this upload to the place of this digest, which it had checked.
 * `note` tells collections first that the bytes are wanted.
 */
export async function isCommitted(
  blobs: Blobs,
  { committing, stage }: Claimed,
  digest: Digest,
  note: (digest: Digest) => Promise<unknown>,
): Promise<boolean> {
  if (committing !== digest) return false
  await note(digest)
  return areStored(blobs, { digest, size: stage.size })
}
