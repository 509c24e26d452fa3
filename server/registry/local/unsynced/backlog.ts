import { measureUnsynced } from '../../../catalog/unsynced.ts'
import type { Queryable } from '../../../platform/db/db.ts'

/** About what the row of one blob takes beside its bytes, in bytes. */
const rowBytes = 1024
/** How long this process relies on what it last read of the backlog, in ms. */
const trustMs = 1000

/** The room that is left for bytes whose files are not synced. */
type Backlog = {
  /** Takes room for the bytes of one blob; false when there is not enough. */
  take(bytes: number): boolean
}

/**
 * Bounds what waits for its sync in the database to about `limitBytes`. What this process adds is counted at once; the
 * rest is read again every second while blobs come, so that others may exceed the bound by what they add in a second.
 */
export function openBacklog(db: Queryable, limitBytes: number): Backlog {
  let known = 0
  let added = 0
  let lookedAt = -Infinity

  const look = async () => {
    lookedAt = performance.now()
    const before = added
    const { blobs, bytes } = await measureUnsynced(db)
    known = bytes + blobs * rowBytes
    added -= before
  }
  return {
    take(bytes) {
      // Without an answer the old figures hold: then no push can be recorded either.
      if (performance.now() - lookedAt > trustMs) look().catch(() => {})
      const cost = bytes + rowBytes
      if (known + added + cost > limitBytes) return false
      added += cost
      return true
    },
  }
}

/** True when half of the backlog is used: then files are synced before their time. */
export function isPressed({ blobs, bytes }: { blobs: number; bytes: number }, limitBytes: number): boolean {
  return bytes + blobs * rowBytes > limitBytes / 2
}
