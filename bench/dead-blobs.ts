/** Blobs that nothing holds any more, and their collection. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { basic, type Registry } from './registries.ts'

/**
 * Inserts blobs that lost their last hold three hours ago, with files of 100 bytes; ids are scattered, as after
 * deletes.
 */
export async function seedDead(database: Client, storage: string, count: number): Promise<void> {
  const digests: string[] = []
  for (let number = 0; number < count; number++) {
    const content = randomUUID().padEnd(100, '.')
    const hex = createHash('sha256').update(content).digest('hex')
    const folder = path.join(storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex)
    await mkdir(folder, { recursive: true })
    await writeFile(path.join(folder, 'data'), content)
    digests.push(`sha256:${hex}`)
  }
  await database.query('insert into blob (digest, size) select digest, 100 from unnest($1::text[]) as digest', [
    digests,
  ])
  await database.query(
    `insert into blob_candidate (blob_id, noted_at)
      select id, now() - interval '3 hours' from blob where digest = any($1::text[])`,
    [digests],
  )
}

/** Starts a collection and waits for its end. Throws unless it removed exactly `count` blobs. */
export async function collect({ port }: Registry, count: number): Promise<void> {
  const headers = { authorization: basic, 'content-type': 'application/json' }
  const asked = await fetch(`http://127.0.0.1:${port}/api/v2.0/system/gc/schedule`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ schedule: { type: 'Manual' }, parameters: { workers: 1 } }),
  })
  if (asked.status !== 201) throw new Error(`no collection: ${asked.status} ${await asked.text()}`)
  for (;;) {
    await sleep(50)
    const run = (await (
      await fetch(`http://127.0.0.1:${port}${asked.headers.get('location')}`, { headers })
    ).json()) as { job_status: string; job_parameters: string }
    if (run.job_status === 'Pending' || run.job_status === 'Running') continue
    const { purged_blobs: blobs, removed_files: files } = JSON.parse(run.job_parameters) as Record<string, number>
    if (run.job_status !== 'Success' || blobs !== count || files !== count)
      throw new Error(`the collection did not succeed: ${JSON.stringify(run)}`)
    return
  }
}
