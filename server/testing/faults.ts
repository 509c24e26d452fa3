/**
 * The parts of Marina that the fault tests call directly; otherwise they are clients like any other: the database, and
 * fsck in their own process, which takes a twentieth of the time of the command.
 */
import { openFsBlobs } from '../platform/blobs/fs.ts'
import { openDb } from '../platform/db/db.ts'
import { checkStorage, type FsckReport } from '../commands/fsck/check.ts'

export { openEmbeddedPostgres } from '../platform/db/embedded.ts'
export { failpoints } from '../platform/failpoint.ts'

export async function fsckOf(url: string, storageRoot: string, readsDigests: boolean): Promise<FsckReport> {
  const db = openDb({ url, poolSize: 2, acquireTimeoutMs: 10_000, statementTimeoutMs: 60_000, lockTimeoutMs: 10_000 })
  try {
    return await checkStorage({ db, blobs: await openFsBlobs({ root: storageRoot }), readsDigests })
  } finally {
    await db.close()
  }
}
