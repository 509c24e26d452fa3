import { Readable } from 'node:stream'
import { blobPath } from '../../../catalog/blob.ts'
import {
  dropUnsynced,
  healUnsynced,
  listUnsynced,
  measureUnsynced,
  suspectUnsynced,
  type UnsyncedBlob,
} from '../../../catalog/unsynced.ts'
import type { Blobs, Looked, LookResult } from '../../../platform/blobs/blobs.ts'
import type { Db } from '../../../platform/db/db.ts'
import { inTurns } from '../../../platform/blobs/in-turns.ts'
import { isPressed } from './backlog.ts'
import { lookFor } from './right.ts'

type Ground = { db: Db; blobs: Blobs }
/** `synced`: files that were right; `healed`: files that were written again from the database. */
type Flushed = { synced: number; healed: number }
type Options = { signal?: AbortSignal; olderMs?: number }

/** Blobs whose files are looked at together: their folders are synced once, and their bytes fit into memory. */
const batch = 256
/** While the backlog is half full: what is younger may have no file yet (later.ts), in ms. */
const pressedMs = 1000
/** Files that are written again at once, each with a connection to the database. */
const healedAtOnce = 3

/**
 * Makes the files of blobs durable whose bytes are older than `olderMs` in the database (all by default), and deletes
 * the rows. A file that is missing, wrong or cannot be synced is written again. Any process may do this, also beside
 * another one. Throws an Error that counts the files that the disk refused; their rows stay for the next call.
 */
export async function flushUnsynced(ground: Ground, { signal, olderMs = 0 }: Options = {}): Promise<Flushed> {
  const { db, blobs } = ground
  return inBatches(db, olderMs, signal, async (some) => {
    const results = await (blobs.unsynced?.sync(some.map(lookFor)) ?? lookInto(blobs, some.map(lookFor)))
    const isDone = (one: UnsyncedBlob, index: number) => results[index] === 'right' && !one.isSuspect
    const done = some.filter(isDone)
    if (done.length > 0) await dropUnsynced(db.relaxed, done)
    const rest = some.flatMap((one, index) => (isDone(one, index) ? [] : [{ one, result: results[index]! }]))
    return { synced: done.length, ...(await healAll(ground, rest)) }
  })
}

/**
 * As `flushUnsynced`, without waiting for the disk where files are right: those stay in the database. After a crash of
 * the machine, files that it has lost are back before the first request.
 */
export async function recoverUnsynced(ground: Ground, { signal }: Options = {}): Promise<Flushed> {
  const { blobs } = ground
  const { unsynced } = blobs
  if (!unsynced) return flushUnsynced(ground, signal ? { signal } : {})
  return inBatches(ground.db, 0, signal, async (some) => {
    const results = await unsynced.look(some.map(lookFor))
    const wrong = some.flatMap((one, index) => (results[index] === 'right' ? [] : [{ one, result: results[index]! }]))
    return { synced: 0, ...(await healAll(ground, wrong)) }
  })
}

/**
 * One regular round: what is old enough, or nearly everything while the backlog is half full. Without a backlog one
 * query.
 */
export async function sweepUnsynced(
  ground: Ground,
  { delayMs, backlogBytes, signal }: { delayMs: number; backlogBytes: number; signal: AbortSignal },
): Promise<void> {
  const waiting = await measureUnsynced(ground.db.relaxed)
  if (waiting.blobs === 0) return
  await flushUnsynced(ground, {
    signal,
    olderMs: isPressed(waiting, backlogBytes) ? Math.min(delayMs, pressedMs) : delayMs,
  })
}

type Work = (some: UnsyncedBlob[]) => Promise<Flushed & { failures: unknown[] }>

async function inBatches(db: Db, olderMs: number, signal: AbortSignal | undefined, work: Work): Promise<Flushed> {
  const total: Flushed = { synced: 0, healed: 0 }
  const failures: unknown[] = []
  for (let after = 0; ;) {
    if (signal?.aborted) break
    const some = await listUnsynced(db.relaxed, { after, olderMs, limit: batch })
    if (some.length === 0) break
    const one = await work(some)
    total.synced += one.synced
    total.healed += one.healed
    failures.push(...one.failures)
    after = some.at(-1)!.revision
  }
  if (failures.length > 0) throw refused(failures)
  return total
}

function refused(failures: unknown[]): Error {
  const [first] = failures
  const text = `${failures.length} files could not be synced, and their bytes stay in the database: ${String(first)}`
  return new Error(text, { cause: first })
}

/** Writes files again from the database; what cannot be written is tried again by the next round. */
async function healAll({ db, blobs }: Ground, wrong: { one: UnsyncedBlob; result: LookResult }[]) {
  let healed = 0
  const failures: unknown[] = []
  await inTurns(wrong, healedAtOnce, async ({ one, result }) => {
    try {
      if (await healUnsynced(db, one, (digest, bytes) => blobs.write(blobPath(digest), Readable.from([bytes]))))
        healed++
    } catch (error) {
      failures.push(error)
      if (result instanceof Error && !one.isSuspect) await suspectUnsynced(db, one)
    }
  })
  return { healed, failures }
}

/** For a storage in which all bytes are durable, to which those of a file system were moved while rows were left. */
async function lookInto(blobs: Blobs, keys: Looked[]): Promise<LookResult[]> {
  const results: LookResult[] = []
  for (const { key, size } of keys) results.push((await blobs.find(key))?.size === size ? 'right' : 'wrong')
  return results
}
