import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { digestOf } from '../../oci/digest.ts'
import { ociManifest } from '../../oci/media-type.ts'
import { sql } from '../platform/db/sql.ts'
import {
  findDisagreements,
  fresh,
  givenProject,
  makeImage,
  pushBlob,
  pushImage,
  pushManifest,
} from '../testing/given.ts'
import { basic, eventually, expectAnswer, openRaw, sendCut } from '../testing/http.ts'
import { openTestServer } from '../testing/postgres-server.ts'
import { openRival, untilWaiting } from '../testing/rival.ts'
import { openTestMarina, type TestMarina } from '../testing/server.ts'

let marina: TestMarina
let project: string
before(async () => {
  marina = await openTestMarina()
  project = (await givenProject(marina)).name
})
after(() => marina[Symbol.asyncDispose]())

const ask: TestMarina['ask'] = (method, path, options = {}) =>
  marina.ask(method, path, { as: marina.admin, ...options })
const newRepository = () => `${project}/${fresh('repo')}`
const start = async (repository: string) =>
  expectAnswer(await ask('POST', `/v2/${repository}/blobs/uploads/`), 202).headers.location!
const isThere = async (repository: string, digest: string) =>
  (await ask('HEAD', `/v2/${repository}/blobs/${digest}`)).status === 200

function rawRequest(method: string, path: string, body: Buffer, headers: Record<string, string> = {}): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    `Authorization: ${basic(marina.admin)}`,
    `Content-Length: ${body.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ]
  return Buffer.concat([Buffer.from(lines.join('\r\n')), body])
}

/** Where to cut a request: within the headers, around their end, within the body and just before the last byte. */
function cutsOf(request: Buffer): number[] {
  const head = request.indexOf('\r\n\r\n') + 4
  const places = [
    1,
    10,
    Math.floor(head / 2),
    head - 2,
    head,
    head + 1,
    head + Math.floor((request.length - head) / 2),
    request.length - 1,
  ]
  return [...new Set(places)].filter((place) => place > 0 && place < request.length)
}

async function findTraces(repository: string) {
  const rows = await marina.ground.db.row<{ blobs: number; artifacts: number }>(sql`
    select
      (select count(*) from repository_blob held join repository on repository.id = held.repository_id
        where name = ${repository}) as blobs,
      (select count(*) from artifact join repository on repository.id = artifact.repository_id
        where name = ${repository}) as artifacts`)
  return { ...rows!, findings: await findDisagreements(marina) }
}

test('a push whose connection is cut at any point leaves no blob, no artifact and no stored bytes', async () => {
  const repository = newRepository()
  const image = makeImage(0)
  const [config] = image.blobs as [Buffer]
  const blob = randomBytes(100_000)
  const digest = digestOf(blob)
  const kinds: [string, () => Promise<Buffer>][] = [
    ['POST whole', async () => rawRequest('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, blob)],
    ['PUT whole', async () => rawRequest('PUT', `${await start(repository)}?digest=${digest}`, blob)],
    [
      'manifest',
      async () => rawRequest('PUT', `/v2/${repository}/manifests/v1`, image.content, { 'Content-Type': ociManifest }),
    ],
    ['token', async () => rawRequest('GET', '/service/token?service=harbor-registry', Buffer.from('xx'))],
    [
      'mount',
      async () =>
        rawRequest('POST', `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${project}/none`, Buffer.from('xx')),
    ],
  ]
  const holder = newRepository()
  await pushBlob(marina, holder, config)
  const quiet = await findTraces(repository)
  for (const [, make] of kinds)
    for (const place of cutsOf(await make())) await sendCut(marina.port, await make(), place)
  await eventually(async () => {
    const traces = await findTraces(repository)
    assert.deepEqual(traces, { ...quiet, blobs: 0, artifacts: 0 })
  })
  assert.equal(await isThere(repository, digest), false)
  expectAnswer(await ask('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: blob }), 201)
  assert.deepEqual((await ask('GET', `/v2/${repository}/blobs/${digest}`)).body, blob)
})

test('F02: of a chunk that is cut at any byte the upload keeps what arrived, and goes on from there', async () => {
  const repository = newRepository()
  const blob = randomBytes(70_000)
  for (const place of [0, 1, 1000, 35_000, 69_999]) {
    const location = await start(repository)
    const request = rawRequest('PATCH', location, blob, {
      'Content-Range': '0-69999',
      'Content-Type': 'application/octet-stream',
    })
    await sendCut(marina.port, request, request.indexOf('\r\n\r\n') + 4 + place)
    // The request that was cut may still be running: the next chunk is refused until that one has let go.
    const kept = await eventually(async () => {
      const { range } = expectAnswer(await ask('GET', location), 204).headers
      const size = range === '0-0' ? 0 : Number(String(range).slice(2)) + 1
      expectAnswer(
        await ask('PATCH', location, { body: blob.subarray(size), headers: { 'content-range': `${size}-69999` } }),
        202,
      )
      return size
    })
    assert.ok(kept <= place)
    expectAnswer(await ask('PUT', `${location}?digest=${digestOf(blob)}`), 201)
    assert.deepEqual((await ask('GET', `/v2/${repository}/blobs/${digestOf(blob)}`)).body, blob)
    expectAnswer(await ask('DELETE', `/v2/${repository}/blobs/${digestOf(blob)}`), 202)
  }
})

test('the status of an upload that a broken request still writes to is told when that has let go', async () => {
  const repository = newRepository()
  const location = await start(repository)
  expectAnswer(await ask('PATCH', location, { body: Buffer.alloc(10) }), 202)
  const id = location.split('/').at(-1)!.split('?')[0]!
  const { db } = marina.ground
  await db.run(sql`update upload set claim = gen_random_uuid(), claimed_at = now() where id = ${id}`)
  const asked = ask('GET', location)
  await sleep(300)
  await db.run(sql`update upload set claim = null, stage = jsonb_set(stage, '{size}', '7') where id = ${id}`)
  assert.equal(expectAnswer(await asked, 204).headers.range, '0-6')
})

test('after pulls that clients have cut, the next pull is whole', async () => {
  const repository = newRepository()
  const digest = await pushBlob(marina, repository, randomBytes(8 * 2 ** 20))
  for (let count = 0; count < 10; count++) {
    const socket = await openRaw(marina.port)
    socket.write(rawRequest('GET', `/v2/${repository}/blobs/${digest}`, Buffer.alloc(0)))
    await once(socket, 'data')
    socket.resetAndDestroy()
  }
  assert.equal((await ask('GET', `/v2/${repository}/blobs/${digest}`)).body.length, 8 * 2 ** 20)
})

test('F31: of three clients that finish one upload at once, one is told 201 and the others 201 or 404', async () => {
  for (let round = 0; round < 10; round++) {
    const [repository, blob] = [newRepository(), randomBytes(20_000)]
    const location = await start(repository)
    const isChunked = round % 2 === 0
    if (isChunked) expectAnswer(await ask('PATCH', location, { body: blob }), 202)
    const finish = () => ask('PUT', `${location}?digest=${digestOf(blob)}`, isChunked ? {} : { body: blob })
    const answers = (await Promise.all([finish(), finish(), finish()]))
      .map(({ status }) => status)
      .sort((a, b) => a - b)
    assert.equal(answers[0], 201)
    for (const status of answers) assert.ok(status === 201 || status === 404, answers.join())
    assert.deepEqual((await ask('GET', `/v2/${repository}/blobs/${digestOf(blob)}`)).body, blob)
  }
})

test('F32: fifty pushers of one blob are all told 201, and one copy is stored', async () => {
  const repositories = Array.from({ length: 50 }, newRepository)
  const blob = randomBytes(50_000)
  const digest = await Promise.all(repositories.map((repository) => pushBlob(marina, repository, blob)))
  for (const repository of repositories) assert.equal(await isThere(repository, digest[0]!), true)
  const row = await marina.ground.db.row(sql`
    select (select count(*) from blob where digest = ${digest[0]}) as rows,
      (select count(*) from repository_blob held join blob on blob.id = held.blob_id
        where digest = ${digest[0]}) as held`)
  assert.deepEqual(row, { rows: 1, held: 50 })
})

test('C-66: of many first pushes of one tag at once every image is kept, and one has the tag', async () => {
  const repository = newRepository()
  const images = await Promise.all(Array.from({ length: 12 }, () => pushImage(marina, repository, { tag: 'v1' })))
  const tagged = (await ask('GET', `/v2/${repository}/manifests/v1`)).headers['docker-content-digest']
  assert.ok(images.some(({ digest }) => digest === tagged))
  for (const { digest, content } of images)
    assert.deepEqual((await ask('GET', `/v2/${repository}/manifests/${digest}`)).body, content)
})

test('F34: a pull at the same time as deletions is whole and right, or 404', async () => {
  const repository = newRepository()
  const image = makeImage(1)
  for (const blob of image.blobs) await pushBlob(marina, repository, blob)
  const over = new AbortController()
  const seen = new Set<number>()
  const puller = async () => {
    while (!over.signal.aborted) {
      const answer = await ask('GET', `/v2/${repository}/manifests/v1`)
      seen.add(answer.status)
      if (answer.status === 200) assert.deepEqual(answer.body, image.content)
      else assert.ok(answer.code === 'MANIFEST_UNKNOWN' || answer.code === 'NAME_UNKNOWN', answer.text)
    }
  }
  const changer = async () => {
    for (let round = 0; round < 30; round++) {
      await pushManifest(marina, repository, image.content, ociManifest, { tag: 'v1' })
      expectAnswer(await ask('GET', `/v2/${repository}/manifests/v1`), 200)
      expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${round % 2 ? image.digest : 'v1'}`), 202)
      expectAnswer(await ask('GET', `/v2/${repository}/manifests/v1`), 404, 'MANIFEST_UNKNOWN')
    }
    over.abort()
  }
  await Promise.all([changer().finally(() => over.abort()), puller(), puller(), puller()])
  assert.ok(seen.has(200))
})

test('F35: a push that is acknowledged while blobs that it shares are deleted is whole', async () => {
  const repository = newRepository()
  const shared = randomBytes(300)
  const layers = [
    { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(shared), size: shared.length },
  ]
  const over = new AbortController()
  const remover = async () => {
    while (!over.signal.aborted) {
      const answer = await ask('DELETE', `/v2/${repository}/blobs/${digestOf(shared)}`)
      assert.ok([202, 404, 405].includes(answer.status), answer.text)
      // A random pause, so that also on a busy machine some pushes succeed and none is sure to.
      await sleep(Math.random() * 30)
    }
  }
  let kept = 0
  const pusher = async () => {
    for (let round = 0; round < 12; round++) {
      const image = makeImage(0, { layers })
      await pushBlob(marina, repository, image.blobs[0])
      await pushBlob(marina, repository, shared)
      const answer = await ask('PUT', `/v2/${repository}/manifests/${image.digest}`, {
        body: image.content,
        headers: { 'content-type': ociManifest },
      })
      if (answer.status === 201) {
        kept++
        assert.equal((await ask('GET', `/v2/${repository}/blobs/${digestOf(shared)}`)).status, 200)
        expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${image.digest}`), 202)
      } else expectAnswer(answer, 400, 'MANIFEST_BLOB_UNKNOWN')
    }
  }
  await Promise.all([Promise.all([pusher(), pusher(), pusher()]).finally(() => over.abort()), remover(), remover()])
  assert.ok(kept > 0)
  assert.deepEqual(await findDisagreements(marina, ['loss']), [])
})

test('a mount into a repository that is deleted at the same time creates it again', async () => {
  const { db } = marina.ground
  const [from, to] = [newRepository(), newRepository()]
  const digest = await pushBlob(marina, from)
  await db.run(sql`insert into repository (project_id, name) select id, ${to} from project where name = ${project}`)
  await using rival = await openRival(db, sql`delete from repository where name = ${to}`)
  const mounting = ask('POST', `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`)
  await untilWaiting(db)
  await rival.commit()
  expectAnswer(await mounting, 201)
  assert.equal(await isThere(to, digest), true)
})

test('abandoned uploads are removed with their bytes, and young ones stay', async () => {
  await using own = await openTestMarina({ MARINA_UPLOAD_TTL: '1h' })
  const open = async () => (await own.ask('POST', '/v2/library/x/blobs/uploads/', { as: own.admin })).headers.location!
  const [old, young] = [await open(), await open()]
  for (const location of [old, young])
    expectAnswer(await own.ask('PATCH', location, { as: own.admin, body: 'bytes' }), 202)
  await own.ground.db.run(
    sql`update upload set updated_at = now() - interval '2 hours' where id = ${old.split('/').at(-1)}::uuid`,
  )
  const { sweepUploads } = await import('./local/sweep.ts')
  assert.deepEqual(
    await sweepUploads({ db: own.ground.db, blobs: own.ground.blobs, ttlMs: own.config.limits.uploadTtlMs }),
    { uploads: 1, stages: 0 },
  )
  expectAnswer(await own.ask('GET', old, { as: own.admin }), 404, 'BLOB_UPLOAD_UNKNOWN')
  expectAnswer(await own.ask('GET', young, { as: own.admin }), 204)
})

test('F19, UNAVAILABLE: without its database Marina soon answers 503, never 404, and reveals nothing', async () => {
  const postgres = await openTestServer()
  let isStopped = false
  try {
    await using own = await openTestMarina({ MARINA_DATABASE_URL: postgres.url, MARINA_DATABASE_WAIT: '500ms' })
    const image = await pushImage(own, 'library/x', { tag: 'v1' })
    await postgres[Symbol.asyncDispose]()
    isStopped = true
    assert.equal((await own.ask('GET', '/api/v2.0/ping', { as: own.admin })).text, '"Pong"')
    assert.equal(
      (JSON.parse((await own.ask('GET', '/api/v2.0/health', { as: own.admin })).text) as { status: string }).status,
      'unhealthy',
    )
    const asks: [string, string, number][] = [
      ['GET', '/v2/library/x/tags/list', 503],
      ['GET', '/v2/library/x/manifests/none', 503],
      ['GET', `/v2/library/x/referrers/${image.digest}`, 503],
      ['POST', '/v2/library/x/blobs/uploads/', 503],
      ['DELETE', '/v2/library/x/manifests/v1', 503],
      ['GET', '/v2/_catalog', 503],
      ['GET', '/api/v2.0/projects', 503],
    ]
    for (const [method, path, status] of asks) {
      const started = performance.now()
      const answer = await own.ask(method, path, { as: own.admin })
      assert.ok(performance.now() - started < 20_000, `${method} ${path} hangs`)
      assert.deepEqual(
        [answer.status, answer.headers['retry-after']],
        [status, '2'],
        `${method} ${path} ${answer.text}`,
      )
      assert.equal(answer.code, 'UNAVAILABLE')
      assert.doesNotMatch(answer.text, /postgres|ECONN|ENOENT|socket/i)
    }
  } finally {
    if (!isStopped) await postgres[Symbol.asyncDispose]()
  }
})
