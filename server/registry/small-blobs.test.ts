import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { blobPath } from '../catalog/blob.ts'
import { fresh, givenMember, givenProject, pushBlob, removeMember } from '../testing/given.ts'
import { expectAnswer, type Answer } from '../testing/http.ts'
import { openScene } from '../testing/scene.ts'
import { flushUnsynced } from './local/unsynced/flush.ts'

const { marina, cast } = await openScene()

/** One that fits into one write with its head, and one that does not. */
const sizes = [1500, 60_000]

async function givenBlob(size: number, project = cast.P.name) {
  const repository = `${project}/${fresh('repo')}`
  const bytes = randomBytes(size)
  const digest = await pushBlob(marina, repository, bytes)
  const path = `/v2/${repository}/blobs/${digest}`
  const get = (headers: Record<string, string> = {}, method = 'GET') =>
    marina.ask(method, path, { as: marina.admin, headers })
  return { repository, bytes, digest, path, get }
}

/** All headers but those that differ from answer to answer. */
function told({ status, headers, body }: Answer) {
  const { date, 'x-request-id': id, ...rest } = headers
  assert.ok(date && id)
  return { status, rest, body }
}

for (const size of sizes) {
  test(`a blob of ${size} bytes is answered from memory as from storage, each time with an id of its own`, async () => {
    const { bytes, digest, get } = await givenBlob(size)
    const first = expectAnswer(await get(), 200)
    const later = [await get(), await get(), await get()]
    assert.deepEqual(first.body, bytes)
    assert.deepEqual(
      [first.headers['content-length'], first.headers['docker-content-digest'], first.headers.etag],
      [String(size), digest, `"${digest}"`],
    )
    for (const answer of later) assert.deepEqual(told(answer), told(first))
    assert.equal(new Set([first, ...later].map(({ headers }) => headers['x-request-id'])).size, 4)
  })

  test(`conditions, ranges and HEAD hold for a blob of ${size} bytes in memory`, async () => {
    const { bytes, digest, get } = await givenBlob(size)
    for (let time = 0; time < 3; time++) await get()
    expectAnswer(await get({ 'if-match': '"sha256:other"' }), 412, 'PRECONDITION')
    expectAnswer(await get({ 'if-none-match': `"${digest}"` }), 304)
    assert.deepEqual(expectAnswer(await get({ range: 'bytes=3-9' }), 206).body, bytes.subarray(3, 10))
    const head = expectAnswer(await get({}, 'HEAD'), 200)
    assert.deepEqual([head.headers['content-length'], head.body.length], [String(size), 0])
    assert.deepEqual(expectAnswer(await get({ 'if-none-match': '"sha256:other"' }), 200).body, bytes)
  })
}

test('F17: a blob in memory whose file is gone is 404, and read again once it was pushed again', async () => {
  const { repository, bytes, digest, get } = await givenBlob(20_000)
  for (let time = 0; time < 3; time++) await get()
  await flushUnsynced(marina.ground)
  await rm(join(marina.config.storage.root!, blobPath(digest)))
  expectAnswer(await get(), 404, 'BLOB_UNKNOWN')
  await pushBlob(marina, repository, bytes)
  for (let time = 0; time < 3; time++) assert.deepEqual(expectAnswer(await get(), 200).body, bytes)
})

test('C-38: a blob in memory is unknown to a repository that holds it no more, or never did', async () => {
  const { repository, bytes, digest, path, get } = await givenBlob(1500)
  for (let time = 0; time < 3; time++) await get()
  const other = await givenBlob(100)
  const there = path.replace(repository, other.repository)
  expectAnswer(await marina.ask('GET', there, { as: marina.admin }), 404, 'BLOB_UNKNOWN')
  expectAnswer(await get({}, 'DELETE'), 202)
  expectAnswer(await get(), 404, 'BLOB_UNKNOWN')
  assert.equal(await pushBlob(marina, other.repository, bytes), digest)
  assert.deepEqual(expectAnswer(await marina.ask('GET', there, { as: marina.admin }), 200).body, bytes)
})

test('C-15: a member who is removed reads no blob from memory', async () => {
  const project = await givenProject(marina)
  const { repository, path } = await givenBlob(1500, project.name)
  const guest = await givenMember(marina, project, 'guest')
  const token = await marina.token(guest, `repository:${repository}:pull`)
  for (let time = 0; time < 3; time++) expectAnswer(await marina.ask('GET', path, { token }), 200)
  await removeMember(marina, project, guest)
  expectAnswer(await marina.ask('GET', path, { token }), 401, 'UNAUTHORIZED')
})
