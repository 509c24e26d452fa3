import { existsSync } from 'node:fs'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { Client as Database } from 'pg'
import type { Random } from './random.ts'
import { blobFile } from './scene.ts'

/**
 * Does to files that were not synced what a power cut may do: each is gone, empty, cut short, full of zeros, or left as
 * it is. Returns how many it changed. For a Marina that was killed.
 */
export async function loseUnsynced(databaseUrl: string, dataDir: string, random: Random): Promise<number> {
  const database = new Database(databaseUrl)
  await database.connect()
  try {
    const { rows } = await database.query<{ digest: string; size: number }>(
      'select digest, size::int from blob_unsynced join blob on blob.id = blob_id order by revision',
    )
    let lost = 0
    for (const { digest, size } of rows) {
      const harm = harms[random.int(0, harms.length)]
      const file = blobFile(dataDir, digest)
      if (!harm || !existsSync(file)) continue
      await harm(file, size)
      lost++
    }
    return lost
  } finally {
    await database.end()
  }
}

/** With an index beyond these, the file stays as it is. */
const harms: ((file: string, size: number) => Promise<void>)[] = [
  (file) => rm(file),
  (file) => truncate(file, 0),
  (file, size) => truncate(file, size >> 1),
  (file, size) => writeFile(file, Buffer.alloc(size)),
]
