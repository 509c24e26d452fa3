import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEmbeddedPostgres } from '../../server/testing/faults.ts'
import { basic, openClient } from './client.ts'
import { blobOf, makeImage, type Blob } from './image.ts'
import { killPostgresOf, startMarina } from './marina.ts'
import { errorCode, openFolder, pullsWhole, pushImage } from './scene.ts'

const repository = 'library/stopped'

suite('when a part of it stops', () => {
  test('without its own PostgreSQL Marina ends with exit code 1 and says why', async () => {
    await using folder = await openFolder()
    await using marina = await startMarina({ settings: { MARINA_DATA_DIR: folder.dir } })
    using client = openClient(marina.port)
    const image = makeImage([blobOf(randomBytes(1000))])
    assert.equal(await pushImage(client, repository, image, 'one'), 201)
    await killPostgresOf(folder.dir)
    const ended = await Promise.race([marina.ended, sleep(30_000, undefined, { ref: false })])
    assert.deepEqual(ended, { code: 1, signal: null })
    assert.match(marina.said(), /PostgreSQL stopped/)

    await using again = await startMarina({ settings: { MARINA_DATA_DIR: folder.dir } })
    using other = openClient(again.port)
    assert.ok(await pullsWhole(other, repository, image, 'one'))
  })

  test('while an external PostgreSQL is away requests get 503; when it is back, all works again (F19)', async () => {
    await using folder = await openFolder()
    const dir = path.join(folder.dir, 'database')
    const postgres = await openEmbeddedPostgres({ dir })
    await using marina = await startMarina({
      settings: { MARINA_DATA_DIR: folder.dir, MARINA_DATABASE_URL: postgres.url },
    })
    using client = openClient(marina.port)
    const image = makeImage([blobOf(randomBytes(1000))])
    assert.equal(await pushImage(client, repository, image, 'one'), 201)
    await postgres.stop()

    for (const [method, at] of [
      ['GET', `/v2/${repository}/tags/list`],
      ['POST', `/v2/${repository}/blobs/uploads/`],
      ['GET', `/v2/${repository}/manifests/unknown`],
    ] as const) {
      const started = performance.now()
      const { status, headers, body } = await client.ask(method, at, method === 'POST' ? { body: Buffer.alloc(0) } : {})
      assert.deepEqual([status, errorCode(body)], [503, 'UNAVAILABLE'], `${method} ${at}`)
      assert.ok(Number(headers['retry-after']) > 0)
      assert.ok(performance.now() - started < 20_000, `${method} ${at} hangs`)
    }
    await Promise.all(
      Array.from({ length: 200 }, () =>
        client.ask('GET', `/v2/${repository}/tags/list`).then(({ status }) => assert.equal(status, 503)),
      ),
    )
    assert.equal(marina.hasEnded(), false)

    await using _again = await openEmbeddedPostgres({ dir })
    await until(async () => (await client.ask('GET', `/v2/${repository}/tags/list`)).status === 200)
    assert.ok(await pullsWhole(client, repository, image, 'one'))
    await until(
      async () => (await pushImage(client, repository, makeImage([blobOf(randomBytes(1000))]), 'two')) === 201,
    )
  })

  test('a registry goes on when the reader of its output leaves', async () => {
    await using folder = await openFolder()
    await using marina = await startMarina({
      settings: { MARINA_DATA_DIR: folder.dir, MARINA_LOG_LEVEL: 'info', MARINA_LOG_REQUESTS: 'all' },
    })
    marina.stopListening()
    using client = openClient(marina.port)
    for (let time = 0; time < 5; time++) assert.equal((await client.ask('GET', '/v2/')).status, 200)
    assert.deepEqual(await marina.stop(), { code: 0, signal: null })
  })

  test('SIGTERM lets 20 running uploads finish and ends with exit code 0 (F46)', async () => {
    await using folder = await openFolder()
    const settings = { MARINA_DATA_DIR: folder.dir }
    const blobs = Array.from({ length: 20 }, () => blobOf(randomBytes(200_000)))
    {
      await using marina = await startMarina({ settings })
      const uploads = blobs.map((blob) => slowUpload(marina.port, blob))
      await until(async () => (await readdir(path.join(folder.dir, 'storage', '.stages'))).length === blobs.length)
      const stopped = marina.stop()
      await sleep(300)
      assert.equal(marina.hasEnded(), false)
      const statuses = await Promise.all(uploads.map(({ finish }) => finish()))
      assert.deepEqual(new Set(statuses), new Set([201]))
      assert.deepEqual(await stopped, { code: 0, signal: null })
    }
    await using marina = await startMarina({ settings })
    using client = openClient(marina.port)
    for (const { digest, bytes } of blobs)
      assert.deepEqual((await client.ask('GET', `/v2/${repository}/blobs/${digest}`)).body, bytes)
  })
})

/** An upload that sends half of its bytes, and the rest when `finish` is called. */
function slowUpload(port: number, { digest, bytes }: Blob) {
  const half = bytes.length >> 1
  const call = request({
    host: '127.0.0.1',
    port,
    method: 'POST',
    path: `/v2/${repository}/blobs/uploads/?digest=${digest}`,
    headers: { authorization: basic(), 'content-length': bytes.length },
  })
  const answered = new Promise<number>((resolve, reject) => {
    call.once('response', (response) => resolve(response.resume().statusCode!))
    call.once('error', reject)
  })
  answered.catch(() => {})
  call.write(bytes.subarray(0, half))
  return {
    finish() {
      call.end(bytes.subarray(half))
      return answered
    },
  }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(100)) if (await isTrue()) return
  throw new Error('not within 20 s')
}
