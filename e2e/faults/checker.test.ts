import assert from 'node:assert/strict'
import { rm, truncate } from 'node:fs/promises'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client as Database } from 'pg'
import { fsckOf, openEmbeddedPostgres } from '../../server/testing/faults.ts'
import { checkAfterCrash } from './check.ts'
import { bearer, Cut, openClient } from './client.ts'
import { openHistory, type Held, type History } from './history.ts'
import { blobOf } from './image.ts'
import { letTheDeadGo } from './kills.ts'
import { repositories, startLoad } from './load.ts'
import { startMarina, type Running } from './marina.ts'
import { openRandom } from './random.ts'
import { blobFile, openFolder } from './scene.ts'

type Scene = { history: History; database: Database; dir: string; held: Held }
type Mutation = [what: string, harm: (scene: Scene) => Promise<unknown>, checker: RegExp, fsck: RegExp | undefined]

const artifact = `(
  select artifact.id from artifact join repository on repository.id = repository_id
  where digest = $1 and repository.name = $2)`
const of = ({ held }: Scene) => [held.image.digest, held.repository]

/**
 * What a defect in Marina could leave. fsck knows no promises to clients: it finds nothing where only those are broken.
 */
const mutations: Mutation[] = [
  ['a layer is lost', (scene) => rm(layerFile(scene)), /^half visible: .*blob/, /bytes are missing/],
  ['a layer is short', (scene) => truncate(layerFile(scene), 7), /^half visible: .*blob/, /7 bytes are stored/],
  [
    'a manifest is lost',
    (scene) => scene.database.query(`delete from manifest where artifact_id = ${artifact}`, of(scene)),
    /^lost: /,
    /manifest is missing/,
  ],
  [
    'a manifest is altered',
    (scene) =>
      scene.database.query(
        `update manifest set content = content || ' '::bytea where artifact_id = ${artifact}`,
        of(scene),
      ),
    /other bytes/,
    /manifest was altered/,
  ],
  [
    'a layer is no longer held',
    (scene) =>
      scene.database
        .query(
          `
    with dropped as (delete from artifact_blob where artifact_id = ${artifact} returning repository_id, blob_id)
    select 1 from dropped`,
          of(scene),
        )
        .then(() =>
          scene.database.query(
            `
    delete from repository_blob using blob where blob.id = blob_id and digest = $1 and not exists (
      select 1 from artifact_blob where artifact_blob.blob_id = repository_blob.blob_id
        and artifact_blob.repository_id = repository_blob.repository_id)`,
            [scene.held.image.blobs[0]!.digest],
          ),
        ),
    /^half visible: .*blob/,
    /nothing keeps for it/,
  ],
  [
    'a tag went back',
    (scene) =>
      scene.database.query(
        `
    update tag set artifact_id = ${artifact}
    where name <> all($3) and repository_id = (select id from repository where name = $2)`,
        [...of(scene), [...scene.held.tags]],
      ),
    /nobody put it there last/,
    undefined,
  ],
  [
    'a fact is missing',
    (scene) =>
      scene.database.query(`delete from outbox where topic = 'artifact.pushed' and payload->>'digest' = $1`, [
        scene.held.image.digest,
      ]),
    /^facts: /,
    undefined,
  ],
  [
    'a fact was written twice',
    (scene) =>
      scene.database.query(
        `insert into outbox (topic, payload)
        select topic, payload from outbox where topic = 'artifact.pushed' and payload->>'digest' = $1`,
        [scene.held.image.digest],
      ),
    /^facts: artifact.pushed .* times/,
    undefined,
  ],
  [
    'an image that a client deleted is there',
    async ({ held }) => {
      held.state = 'gone'
    },
    /^resurrected: /,
    undefined,
  ],
]

suite('the checker of the kill loop can fail', () => {
  test('nothing is wrong where nothing was altered, and each alteration is found', { timeout: 900_000 }, async (t) => {
    await using folder = await openFolder()
    await using postgres = await openEmbeddedPostgres({ dir: path.join(folder.dir, 'database') })
    const settings = { MARINA_DATA_DIR: folder.dir, MARINA_DATABASE_URL: postgres.url }
    await (await startMarina({ settings })).stop()
    const database = new Database(postgres.url)
    await database.connect()
    try {
      for (const [number, [what, harm, checker, fsck]] of mutations.entries()) {
        await t.test(what, async () => {
          await database.query(
            `truncate outbox, tag, artifact_child, artifact_blob, manifest, artifact,
              repository_blob, blob, upload, repository cascade`,
          )
          await rm(path.join(folder.dir, 'storage', 'docker'), { recursive: true, force: true })
          // A load makes enough history to alter; a new process checks it before and after the alteration.
          const history = openHistory()
          const authorization = await load(settings, history, number)
          assert.deepEqual(await verify(settings, history, database, authorization), [])
          const held = chooseAlone(history)!
          await harm({ history, database, dir: folder.dir, held })
          history.touched.add(held)
          const violations = await verify(settings, history, database, authorization)
          assert.ok(
            violations.some((one) => checker.test(one)),
            `the checker found ${JSON.stringify(violations)}`,
          )
          const losses = (await fsckOf(postgres.url, path.join(folder.dir, 'storage'), true)).findings
            .filter(({ kind }) => kind === 'loss')
            .map(({ what: found }) => found)
          if (fsck)
            assert.ok(
              losses.some((one) => fsck.test(one)),
              `fsck found ${JSON.stringify(losses)}`,
            )
          else assert.deepEqual(losses, [])
        })
      }
    } finally {
      await database.end()
    }
  })
})

test('an upload whose bytes were moved and not recorded at a kill is finished by the next request', async () => {
  await using folder = await openFolder()
  const settings = { MARINA_DATA_DIR: folder.dir }
  const [repository, blob] = [repositories[0]!, blobOf(openRandom(3).bytes(500))]
  const put = (location: string) => `${location}?digest=${blob.digest}`
  let location: string
  {
    await using marina = await startMarina({ settings: { ...settings, MARINA_FAILPOINTS: 'blob.written=1' } })
    using client = openClient(marina.port)
    const { headers } = await client.ask('POST', `/v2/${repository}/blobs/uploads/`, { body: Buffer.alloc(0) })
    location = headers.location!
    assert.equal((await client.ask('PATCH', location, { body: blob.bytes.subarray(0, 200) })).status, 202)
    await assert.rejects(client.ask('PUT', put(location), { body: blob.bytes.subarray(200) }), Cut)
    await marina.ended
  }
  await using marina = await startMarina({ settings })
  using client = openClient(marina.port)
  assert.equal((await client.ask('GET', location)).headers.range, '0-499')
  assert.equal((await client.ask('PUT', put(location), { body: Buffer.alloc(0) })).status, 201)
  assert.deepEqual((await client.ask('GET', `/v2/${repository}/blobs/${blob.digest}`)).body, blob.bytes)
  assert.doesNotMatch(marina.said(), /missing or damaged/)
})

test('the checker resumes an upload that a kill has cut, and knows one byte from none', async () => {
  await using folder = await openFolder()
  await using postgres = await openEmbeddedPostgres({ dir: path.join(folder.dir, 'database') })
  const settings = { MARINA_DATA_DIR: folder.dir, MARINA_DATABASE_URL: postgres.url }
  const [repository, blob] = [repositories[0]!, blobOf(openRandom(1).bytes(500))]
  const history = openHistory()
  const location = await (async () => {
    await using marina = await startMarina({ settings: { ...settings, MARINA_FAILPOINTS: 'blob.written=1' } })
    using client = openClient(marina.port)
    const { headers } = await client.ask('POST', `/v2/${repository}/blobs/uploads/`, { body: Buffer.alloc(0) })
    assert.equal((await client.ask('PATCH', headers.location!, { body: blob.bytes.subarray(0, 200) })).status, 202)
    await assert.rejects(
      client.ask('PUT', `${headers.location}?digest=${blob.digest}`, { body: blob.bytes.subarray(200) }),
      Cut,
    )
    await letTheDeadGo(postgres.url)
    return headers.location!
  })()
  // The first check resumes the upload and is cut before it learns that the upload is over.
  await using marina = await startMarina({ settings })
  using client = openClient(marina.port)
  assert.equal((await client.ask('GET', location)).status, 204)
  assert.equal((await client.ask('PATCH', location, { body: Buffer.alloc(0) })).status, 404)
  const database = new Database(postgres.url)
  await database.connect()
  try {
    const checked = {
      port: marina.port,
      authorization: await bearer(marina.port, repositories),
      history,
      database,
      everything: true,
    }
    history.uploads.add({ repository, location, blob, sent: 500, acknowledged: 200 })
    await checkAfterCrash(checked)
    assert.deepEqual(history.violations.splice(0), [`upload ${location}: 200 acknowledged bytes are gone`])
    history.uploads.add({ repository, location, blob, sent: 500, acknowledged: 200, mayBeOver: true })
    await checkAfterCrash(checked)
    assert.deepEqual(history.violations, [])

    // The first byte was stored, but not acknowledged.
    const [another, { headers }] = [
      blobOf(openRandom(2).bytes(500)),
      await client.ask('POST', `/v2/${repository}/blobs/uploads/`, { body: Buffer.alloc(0) }),
    ]
    assert.equal((await client.ask('PATCH', headers.location!, { body: another.bytes.subarray(0, 1) })).status, 202)
    history.uploads.add({ repository, location: headers.location!, blob: another, sent: 1, acknowledged: 0 })
    await checkAfterCrash(checked)
    assert.deepEqual(history.violations, [])
  } finally {
    await database.end()
  }
})

async function load(settings: Record<string, string>, history: History, seed: number): Promise<string> {
  await using marina = await startMarina({ settings })
  const authorization = await bearer(marina.port, repositories)
  const running = startLoad({
    port: marina.port,
    authorization,
    seed,
    history,
    shared: [blobOf(openRandom(seed).bytes(2000))],
  })
  for (const end = performance.now() + 60_000; performance.now() < end && !isEnough(history);) await sleep(20)
  await running.stop()
  return authorization
}

async function verify(
  settings: Record<string, string>,
  history: History,
  database: Database,
  authorization: string,
): Promise<string[]> {
  await using marina: Running = await startMarina({ settings })
  await checkAfterCrash({ port: marina.port, authorization, history, database, everything: true })
  return history.violations
}

const isEnough = (history: History) =>
  history.images.size > 40 && chooseAlone(history) !== undefined && history.tags.size > 6

/** Images with a tag that no index names, so that altering one alters no other. */
function chooseAll(history: History): Held[] {
  const named = new Set([...history.images.values()].flatMap(({ image }) => image.children.map(({ digest }) => digest)))
  return [...history.images.values()].filter(
    ({ state, image, tags }) =>
      state === 'there' && image.children.length === 0 && tags.size > 0 && !named.has(image.digest),
  )
}

/** One of these images in a repository with another tag, which could be pointed at it. */
const chooseAlone = (history: History) => chooseAll(history).find((held) => hasOtherTag(history, held))

function hasOtherTag({ tags }: History, { repository, tags: own }: Held): boolean {
  return [...tags].some(([key, writes]) => {
    const colon = key.lastIndexOf(':')
    return (
      key.slice(0, colon) === repository &&
      !own.has(key.slice(colon + 1)) &&
      writes.length > 0 &&
      writes.every(({ value, start }) => value !== null || start === 0) &&
      writes.at(-1)!.value !== null
    )
  })
}

const layerFile = ({ dir, held }: Scene) => blobFile(dir, held.image.blobs[1]!.digest)
