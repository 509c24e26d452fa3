import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sql } from '../../platform/db/sql.ts'
import { create } from '../../testing/api.ts'
import { fresh, givenProject } from '../../testing/given.ts'
import { loadCandidates } from './load.ts'
import { inProject, openRetention, ordered } from './scene.suite.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const { marina, admin, db, run } = await openRetention()
const [repositories, tags] = [16, 500]

/** A project of many repositories, written straight into the tables, each with as many tagged artifacts. */
async function givenMany(): Promise<{ id: number; ids: number[] }> {
  const { id, name } = await givenProject(marina)
  const rows = await db.rows<{ id: number }>(sql`
    insert into repository (project_id, name)
    select ${id}, ${`${name}/r`} || n from generate_series(1, ${repositories}) n returning id`)
  const ids = rows.map((one) => one.id)
  await db.run(sql`
    with made as (
      insert into artifact (repository_id, digest, media_type, kind, type, size, pushed_at)
      select repository_id, 'sha256:' || encode(sha256(convert_to(repository_id || '-' || n, 'UTF8')), 'hex'),
        'application/vnd.oci.image.manifest.v1+json', 'image', 'IMAGE', n, now() - n * interval '1 hour'
      from unnest(${ids}::bigint[]) repository_id, generate_series(1, ${tags}) n
      returning id, repository_id, size, pushed_at)
    insert into tag (repository_id, artifact_id, name, pushed_at)
    select repository_id, id, 'v1.' || size, pushed_at from made`)
  return { id, ids }
}

/** Bytes of the heap that are still referred to. */
function heldBytes(): number {
  gc()
  gc()
  return process.memoryUsage().heapUsed
}

test('a dry run keeps nothing of the repositories that it has done, however many they are', async () => {
  const { id, ids } = await givenMany()
  const rules = [
    { action: 'keep', newest: { count: 9 } },
    { action: 'delete', name: fresh('rest') },
  ]
  const policy = await create(marina, '/retentions', admin, ordered(rules, inProject(id)))
  const dry = async () => assert.equal((await run(policy, { dry_run: true })).status, 'Success')
  // The first run also compiles code and fills caches.
  await dry()
  const before = heldBytes()
  await dry()
  const grown = heldBytes() - before

  // What it would be, had the run kept the rows.
  const empty = heldBytes()
  const rows = await Promise.all(ids.map((one) => loadCandidates(db, one)))
  const kept = heldBytes() - empty
  assert.equal(rows.flat().length, repositories * tags)
  assert.ok(grown < kept / 4, `the run kept ${grown} bytes; all rows are ${kept}`)
})
