import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { sql } from '../../platform/db/sql.ts'
import { fresh } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'

type Path = string

const begin = async (marina: TestMarina): Promise<Path> =>
  expectAnswer(await marina.ask('POST', `/v2/library/${fresh('young')}/blobs/uploads/`, { as: marina.admin }), 202)
    .headers.location!

const put = (marina: TestMarina, upload: Path, bytes: Buffer, digest = digestOf(bytes)) =>
  marina.ask('PUT', `${upload}?digest=${digest}`, { as: marina.admin, body: bytes })

const pull = (marina: TestMarina, upload: Path, bytes: Buffer) =>
  marina.ask('GET', upload.replace(/uploads\/.*/, digestOf(bytes)), { as: marina.admin })

const hasRow = async (marina: TestMarina, upload: Path) =>
  (await marina.ground.db.row(sql`select id from upload where id = ${upload.split('/').at(-1)}::uuid`)) !== undefined

describe('uploads that one process knows', () => {
  let marina: TestMarina
  before(async () => {
    marina = await openTestMarina({ MARINA_WORKERS: 'none' })
  })
  after(() => marina[Symbol.asyncDispose]())

  test('an upload whose bytes come at once is over, whether or not it got a row meanwhile', async () => {
    const bytes = randomBytes(100)
    for (const wait of [() => {}, (upload: Path) => eventually(async () => assert.ok(await hasRow(marina, upload)))]) {
      const upload = await begin(marina)
      await wait(upload)
      expectAnswer(await put(marina, upload, bytes), 201)
      assert.deepEqual(expectAnswer(await pull(marina, upload, bytes), 200).body, bytes)
      assert.equal(await hasRow(marina, upload), false)
      for (const method of ['GET', 'DELETE'])
        expectAnswer(await marina.ask(method, upload, { as: marina.admin }), 404, 'BLOB_UPLOAD_UNKNOWN')
      expectAnswer(await put(marina, upload, bytes), 404, 'BLOB_UPLOAD_UNKNOWN')
    }
  })

  test('a question, a chunk and the end of an upload find it in the moment after it began', async () => {
    const [asked, grown, ended] = [await begin(marina), await begin(marina), await begin(marina)]
    const bytes = randomBytes(50)
    assert.equal(expectAnswer(await marina.ask('GET', asked, { as: marina.admin }), 204).headers.range, '0-0')
    expectAnswer(await marina.ask('PATCH', grown, { as: marina.admin, body: bytes }), 202)
    expectAnswer(await put(marina, grown, Buffer.alloc(0), digestOf(bytes)), 201)
    assert.deepEqual(expectAnswer(await pull(marina, grown, bytes), 200).body, bytes)
    expectAnswer(await marina.ask('DELETE', ended, { as: marina.admin }), 204)
    expectAnswer(await put(marina, ended, bytes), 404, 'BLOB_UPLOAD_UNKNOWN')
  })

  test('a wrong digest ends it, and another repository does not have it', async () => {
    const [wrong, own] = [await begin(marina), await begin(marina)]
    const bytes = randomBytes(50)
    expectAnswer(await put(marina, wrong, bytes, digestOf(randomBytes(5))), 400, 'DIGEST_INVALID')
    expectAnswer(await put(marina, wrong, bytes), 404, 'BLOB_UPLOAD_UNKNOWN')
    const elsewhere = own.replace(/library\/[^/]+/, 'library/elsewhere')
    expectAnswer(await put(marina, elsewhere, bytes), 404, 'BLOB_UPLOAD_UNKNOWN')
    expectAnswer(await put(marina, own, bytes), 201)
  })

  test('of several requests that finish it at once one does, and the blob is whole', async () => {
    const upload = await begin(marina)
    const bytes = randomBytes(1000)
    const answers = await Promise.all(Array.from({ length: 4 }, () => put(marina, upload, bytes)))
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
    assert.equal(statuses[0], 201)
    assert.ok(
      statuses.slice(1).every((status) => status === 404 || status === 409),
      String(statuses),
    )
    assert.deepEqual(expectAnswer(await pull(marina, upload, bytes), 200).body, bytes)
    assert.equal(await hasRow(marina, upload), false)
  })

  test('an orderly end gives each its row, so that the next start goes on with it', async () => {
    const first = await openTestMarina({ MARINA_WORKERS: 'none' })
    await using cleanup = new AsyncDisposableStack()
    cleanup.use(first)
    const upload = await begin(first)
    await first.stop()
    await using second = await openBeside(first, { MARINA_WORKERS: 'none' })
    const bytes = randomBytes(100)
    expectAnswer(await put(second, upload, bytes), 201)
    assert.deepEqual(expectAnswer(await pull(second, upload, bytes), 200).body, bytes)
  })
})

test('each of two processes goes on with uploads that the other one began', async () => {
  await using marina = await openTestMarina({ MARINA_WORKERS: 'none' })
  await using beside = await openBeside(marina, { MARINA_WORKERS: 'none' })
  await eventually(() => assert.ok(marina.ground.peers.count() > 1 && beside.ground.peers.count() > 1))
  for (const [one, other] of [
    [marina, beside],
    [beside, marina],
  ] as const) {
    const upload = await begin(one)
    assert.ok(await hasRow(one, upload))
    const bytes = randomBytes(100)
    expectAnswer(await put(other, upload, bytes), 201)
    assert.deepEqual(expectAnswer(await pull(one, upload, bytes), 200).body, bytes)
    expectAnswer(await put(one, upload, bytes), 404, 'BLOB_UPLOAD_UNKNOWN')
  }
})
