import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Queryable } from '../../platform/db/db.ts'
import { forgetLeft, listFiles } from '../../registry/views/proxied/claims.ts'

/** Files younger than this are left, in ms: their download may not be noted yet. */
const youngMs = 600_000

/** How long what arrived of a cut download waits for the next pull, in ms. */
const leftMs = 3_600_000

/** Removes what cut downloads and killed processes left, and nobody took over. Returns how many files. */
export async function removeLeftovers(db: Queryable, dir: string): Promise<number> {
  await forgetLeft(db, leftMs)
  const names = await readdir(dir).catch(() => [])
  if (names.length === 0) return 0
  const inUse = await listFiles(db)
  let count = 0
  for (const file of names.map((name) => join(dir, name))) {
    const found = await stat(file).catch(() => undefined)
    if (!found?.isFile() || inUse.has(file) || Date.now() - found.mtimeMs < youngMs) continue
    await unlink(file).catch(() => undefined)
    count++
  }
  return count
}
