import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import { openLocalRegistry } from '../../registry/local/local.ts'
import { countUsage } from '../../catalog/usage.ts'
import type { Blobs } from '../../platform/blobs/blobs.ts'
import { sql } from '../../platform/db/sql.ts'
import { descriptorOf, findDisagreements, fresh, givenProject, pushBlob } from '../../testing/given.ts'
import { openLog } from '../../platform/observe/log.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'
import { collect, type CollectOptions } from './index.ts'

/** The duration of the test; MARINA_TEST_GC_SECONDS=600 makes a long run. */
const seconds = Number(process.env['MARINA_TEST_GC_SECONDS'] ?? 12)
const options: CollectOptions = {
  delayMs: 0,
  keepMs: 0,
  isUntaggedGarbage: false,
  isDryRun: false,
  workers: 2,
  perSecond: 0,
  mayGoOn: () => true,
}

suite(`collections without a delay beside pushes, mounts and deletes for ${seconds} s`, () => {
  test(
    'F34, F35, F36, F37: no acknowledged image loses a byte, and in the end there is no orphan',
    { timeout: seconds * 1000 + 180_000 },
    async () => {
      // Files are synced without a delay, so that this happens beside all else.
      await using marina = await openTestMarina(
        { MARINA_WORKERS: 'none', MARINA_DATABASE_POOL: '16', MARINA_STORAGE_UNSYNCED_DELAY: '0s' },
        openLog({ level: 'error', format: 'json' }),
      )
      await using beside = await openBeside(marina, { MARINA_WORKERS: 'none', MARINA_DATABASE_POOL: '8' })
      const scene = await play([marina, beside], marina)
      assert.deepEqual(scene.lost, [])
      assert.ok(isTried(scene), JSON.stringify({ ...scene, lost: 0 }))
      process.stderr.write(`gc stress: ${JSON.stringify({ ...scene, lost: scene.lost.length })}\n`)
    },
  )
})

suite('a push whose bytes a collection takes before they are recorded', () => {
  test('is refused with the advice to start again, and then succeeds', async () => {
    await using scene = await openRace()
    await assert.rejects(scene.push(), /removed these bytes: start again/)
    scene.quiet()
    await scene.push()
    assert.deepEqual(await findDisagreements(scene.marina), [])
  })

  test('succeeds when the bytes were written again', async () => {
    await using scene = await openRace({ again: true })
    await scene.push()
    assert.deepEqual(await findDisagreements(scene.marina), [])
  })

  test('loses its bytes without the trigger guard_blobs, which shows that the trigger is needed', async () => {
    await using scene = await openRace()
    await scene.marina.ground.db.run(sql`drop trigger guard_blobs on blob`)
    await scene.push()
    assert.match((await findDisagreements(scene.marina)).join(), /its bytes are missing/)
  })

  test('a live blob is lost without is_blob_held and the foreign keys, which shows that they are needed', async () => {
    await using scene = await openRace()
    const { marina } = scene
    const { db } = marina.ground
    const digest = await pushBlob(marina, scene.repository)
    await db.run(
      sql`insert into blob_candidate (blob_id) select id from blob where digest = ${digest} on conflict do nothing`,
    )
    await db.run(
      sql`create or replace function is_blob_held(wanted bigint) returns boolean language sql stable as 'select false'`,
    )
    await db.run(sql`alter table repository_blob drop constraint repository_blob_blob_id_fkey`)
    await db.run(sql`delete from unused_link`)
    await collectIn(marina)
    assert.equal(
      (await marina.ask('HEAD', `/v2/${scene.repository}/blobs/${digest}`, { as: marina.admin })).status,
      404,
    )
  })
})

/**
 * Prepares a push of one blob with a collection exactly between its bytes and its row. With `again`, another writer
 * writes the same bytes after the collection.
 */
async function openRace({ again = false } = {}) {
  const marina = await openTestMarina({ MARINA_WORKERS: 'none' })
  const { db, blobs, cache } = marina.ground
  const repository = `library/${fresh('race')}` as RepositoryName
  const bytes = Buffer.from(fresh('bytes between two worlds'))
  let isQuiet = false
  const write: Blobs['write'] = async (key, ...rest) => {
    const size = await blobs.write(key, ...rest)
    if (!isQuiet) await collectIn(marina)
    if (again) await blobs.write(key, Readable.from([bytes]))
    return size
  }
  const registry = openLocalRegistry({
    db,
    cache,
    blobs: { ...blobs, write },
    gates: { push: [], untag: [] },
    describe: () => Promise.reject(new Error('no manifest comes')),
  })
  return {
    marina,
    repository,
    push: () =>
      registry.writeBlob(
        repository,
        { kind: 'system', id: null, name: 'race' },
        digestOf(bytes),
        Readable.from([bytes]),
      ),
    quiet: () => void (isQuiet = true),
    [Symbol.asyncDispose]: () => marina[Symbol.asyncDispose](),
  }
}

async function collectIn({ ground: { db, blobs } }: TestMarina) {
  const by = { kind: 'system', id: null, name: 'stress' } as const
  return collect({
    db,
    blobs,
    gates: { untag: [] },
    by,
    signal: new AbortController().signal,
    log: () => {},
    progress: () => {},
    options,
  })
}

/** Whether enough has happened for the result to mean something. */
const isTried = ({ pushed, kept, freed, deleted, mounted, runs }: Scene) =>
  pushed > 5 * seconds && mounted > 0 && kept > 10 && freed > 0 && deleted > 0 && runs > seconds

type Scene = {
  pushed: number
  kept: number
  deleted: number
  retried: number
  mounted: number
  runs: number
  freed: number
  lost: string[]
}

/**
 * Runs ten pushers that share layers, some of which delete what they pushed, beside two collectors. Once they have
 * ended, collects the rest and checks everything.
 */
async function play(marinas: TestMarina[], first: TestMarina): Promise<Scene> {
  const scene: Scene = { pushed: 0, kept: 0, deleted: 0, retried: 0, mounted: 0, runs: 0, freed: 0, lost: [] }
  const project = await givenProject(first)
  const until = performance.now() + seconds * 1000
  // A busy machine gets up to 80 s more.
  const isOver = () => performance.now() > until + (isTried(scene) ? 0 : 80_000)
  const layers = Array.from({ length: 6 }, (_, index) =>
    Buffer.from(fresh(`a layer that many push ${index}`).repeat(20)),
  )
  const living = new Map<string, { repository: string; content: Buffer }>()
  const pushers = Array.from({ length: 10 }, (_, index) => push(marinas[index % marinas.length]!, index))
  const collectors = marinas.map((one) => collectAgain(one))
  await Promise.all([...pushers, ...collectors])
  for (let round = 0; round < 3; round++) await collectOnce(first)
  await check()
  return scene

  async function push(marina: TestMarina, index: number) {
    for (let number = 0; !isOver(); number++) {
      const repository = `${project.name}/r${index % 4}`
      const blobs = [
        Buffer.from(JSON.stringify({ index, number })),
        layers[(index + number) % layers.length]!,
        ...(number % 3 === 0 ? [randomBytes(100)] : []),
      ]
      const content = imageOf(blobs)
      if (!(await pushWhole(marina, repository, blobs, content, number))) continue
      scene.pushed++
      const key = `${repository}@${digestOf(content)}`
      if (number % 3 === 2) {
        living.set(key, { repository, content })
        scene.kept++
      } else await remove(marina, repository, content)
    }
  }

  /** Pushes as a client does: blobs by HEAD, mount or upload, then the manifest; retries when a blob was removed. */
  async function pushWhole(
    marina: TestMarina,
    repository: string,
    blobs: Buffer[],
    content: Buffer,
    number: number,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < 50 && !isOver(); attempt++) {
      for (const bytes of blobs) await bring(marina, repository, bytes, number + attempt)
      const { status, text } = await marina.ask('PUT', `/v2/${repository}/manifests/${digestOf(content)}`, {
        as: marina.admin,
        body: content,
        headers: { 'content-type': ociManifest },
      })
      if (status === 201) return true
      assert.ok(status === 400 && text.includes('MANIFEST_BLOB_UNKNOWN'), `${status} ${text}`)
      scene.retried++
    }
    return false
  }

  async function bring(marina: TestMarina, repository: string, bytes: Buffer, number: number): Promise<void> {
    const digest = digestOf(bytes)
    for (let attempt = 0; attempt < 50; attempt++) {
      if ((await marina.ask('HEAD', `/v2/${repository}/blobs/${digest}`, { as: marina.admin })).status === 200) return
      const mount =
        number % 2 === 0 && attempt === 0 ? `mount=${digest}&from=${project.name}/r${number % 4}` : `digest=${digest}`
      const answer = await marina.ask('POST', `/v2/${repository}/blobs/uploads/?${mount}`, {
        as: marina.admin,
        body: mount.startsWith('mount') ? '' : bytes,
      })
      if (mount.startsWith('mount') && answer.status === 201) scene.mounted++
      if (answer.status === 201) return
      assert.ok([202, 404].includes(answer.status), `${answer.status} ${answer.text}`)
    }
    throw new Error(`${digest} could not be pushed`)
  }

  async function remove(marina: TestMarina, repository: string, content: Buffer): Promise<void> {
    const { status, text } = await marina.ask('DELETE', `/v2/${repository}/manifests/${digestOf(content)}`, {
      as: marina.admin,
    })
    assert.equal(status, 202, text)
    scene.deleted++
  }

  async function collectAgain(marina: TestMarina) {
    while (!isOver()) {
      await collectOnce(marina)
      await sleep(20 + Math.random() * 60)
    }
  }

  async function collectOnce(marina: TestMarina) {
    const totals = await collectIn(marina)
    scene.runs++
    scene.freed += totals.freed
  }

  /** Checks that living images are whole, storage and database agree, no garbage is left, and usage is counted. */
  async function check() {
    for (const [key, { repository, content }] of living) {
      const found = await first.ask('GET', `/v2/${repository}/manifests/${digestOf(content)}`, { as: first.admin })
      if (found.status !== 200 || digestOf(Buffer.from(found.body)) !== digestOf(content)) scene.lost.push(key)
      for (const { digest } of blobsOf(content)) {
        const blob = await first.ask('GET', `/v2/${repository}/blobs/${digest}`, { as: first.admin })
        if (blob.status !== 200 || digestOf(Buffer.from(blob.body)) !== digest) scene.lost.push(`${key} ${digest}`)
      }
    }
    assert.deepEqual(await findDisagreements(first), [])
    const { db } = first.ground
    assert.deepEqual(await db.rows(sql`select digest from blob where not is_blob_held(id)`), [])
    assert.deepEqual(await db.rows(sql`select digest from stray where gone_at is null`), [])
    assert.ok((await countUsage(db, project.id)) > 0)
  }
}

function imageOf([config, ...layers]: Buffer[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: descriptorOf(config!, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((bytes) => descriptorOf(bytes, 'application/vnd.oci.image.layer.v1.tar')),
    }),
  )
}

function blobsOf(content: Buffer): { digest: string }[] {
  const { config, layers } = JSON.parse(String(content)) as { config: { digest: string }; layers: { digest: string }[] }
  return [config, ...layers]
}
