/** The comparison of all images with a new database of vulnerabilities, whose process is killed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { socketUrl } from './faults/kills.ts'
import { makeFolder, runMarina, startMarina } from './marina.ts'
import { startWorker } from './worker.ts'

/** Three pages of 200 images. */
const images = 450

test('a comparison that is killed goes on with the images that are left, and tells of each once', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir, env: { MARINA_WORKERS: 'none' } })
  const database = new Client(socketUrl(dataDir))
  await database.connect()
  try {
    const count = async (text: string) => Number((await database.query<{ count: string }>(text)).rows[0]!.count)
    const reports = () => count('select count(*) from vulnerability_report where total = 1')
    const told = () => count(`select count(*) from outbox where topic = 'vulnerability.found'`)
    /** Asks for an import of records that hit every version of these packages. */
    const ask = async (...names: string[]) => {
      const files = await Promise.all(names.map((name) => writeRecord(top.dir, name)))
      const env = {
        HOME: top.dir,
        MARINA_CLI_URL: marina.url,
        MARINA_CLI_USERNAME: 'admin',
        MARINA_CLI_PASSWORD: marina.password!,
      }
      const args = ['vulndb', 'import', ...files, '--to', `library/db:${names.join('-')}`, '--no-wait']
      const { code, stderr } = await runMarina(args, { env, cwd: top.dir })
      assert.equal(code, 0, stderr)
    }
    const killedAt = async (failpoint: string) => {
      const exited = once(startWorker(dataDir, { MARINA_FAILPOINTS: failpoint }), 'exit')
      assert.deepEqual(await exited, [null, 'SIGKILL'])
    }
    /** Runs a worker until nothing is left to do for it. */
    const worked = async () => {
      const worker = startWorker(dataDir)
      const exited = once(worker, 'exit')
      try {
        const left = `select count(*) from task where job_type like 'VULNDB_%' and status in ('Pending', 'Running')`
        for (const end = performance.now() + 120_000; (await count(left)) > 0; await sleep(100))
          assert.ok(performance.now() < end, 'the comparison has not ended')
      } finally {
        worker.kill('SIGTERM')
        assert.deepEqual(await exited, [0, null])
      }
    }

    await ask('none')
    await worked()
    for (const statement of seed) await database.query(statement)

    await ask('none', 'one')
    await killedAt('vulndb.page')
    assert.equal(await reports(), 200)
    await killedAt('vulndb.page=2')
    assert.equal(await reports(), 400)
    await worked()
    assert.deepEqual([await reports(), await told()], [images, 0])

    await ask('none', 'one', 'two')
    await killedAt('vulndb.page')
    assert.deepEqual([await reports(), await told()], [images - 200, 200])
    await worked()
    assert.deepEqual([await reports(), await told()], [0, images])
    const digests = `select count(distinct payload ->> 'digest') from outbox where topic = 'vulnerability.found'`
    assert.equal(await count(digests), images)
  } finally {
    await database.end()
  }
  await marina.stop()
})

/** Images whose packages are known: `one` and `two`. */
const seed = [
  `insert into repository (project_id, name) select id, 'library/app' from project where name = 'library'`,
  `insert into artifact (repository_id, digest, media_type, kind, type, size)
    select repository.id, 'sha256:' || encode(sha256(convert_to('image ' || n, 'UTF8')), 'hex'),
      'application/vnd.oci.image.manifest.v1+json', 'image', 'IMAGE', 1
    from repository, generate_series(1, ${images}) n where name = 'library/app'`,
  `insert into image_inventory (artifact_id, version, os_name, os_version, ecosystem)
    select artifact.id, 1, '', '', '' from artifact join repository on repository.id = repository_id
    where name = 'library/app'`,
  `insert into package (hash, type, name, version, purl, ecosystem, wanted_name, wanted_version)
    select convert_to(name, 'UTF8'), 'npm', name, '1.0.0', 'pkg:npm/' || name || '@1.0.0', 'npm', name, '1.0.0'
    from unnest(array['one', 'two']) as name`,
  `insert into image_package (artifact_id, package_id) select artifact_id, package.id from image_inventory, package`,
]

async function writeRecord(dir: string, name: string): Promise<string> {
  const file = path.join(dir, `${name}.json`)
  const record = {
    id: `DEMO-${name}`,
    modified: new Date().toISOString(),
    affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
  }
  await writeFile(file, JSON.stringify(record))
  return file
}
