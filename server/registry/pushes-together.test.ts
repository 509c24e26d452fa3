import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { digestOf } from '../../oci/digest.ts'
import { sql } from '../platform/db/sql.ts'
import { findDisagreements, fresh, givenProject, pushImage } from '../testing/given.ts'
import { expectAnswer, type Answer } from '../testing/http.ts'
import { openRival } from '../testing/rival.ts'
import { openScene } from '../testing/scene.ts'

const { marina, cast } = await openScene()
const { admin: as, ask, ground } = marina
const { db } = ground

const isThere = async (repository: string, tag: string) =>
  (await ask('HEAD', `/v2/${repository}/manifests/${tag}`, { as })).status === 200

/** Sends one blob as docker does: a POST, then a PUT of all bytes. */
async function upload(repository: string, bytes: Buffer, digest = digestOf(bytes)): Promise<Answer> {
  const begun = expectAnswer(await ask('POST', `/v2/${repository}/blobs/uploads/`, { as }), 202)
  return ask('PUT', `${begun.headers.location}?digest=${digest}`, { as, body: bytes })
}

test('a new tag of a manifest does not wait for another push of the same manifest', async () => {
  const repository = `${cast.P.name}/${fresh('repo')}`
  const image = await pushImage(marina, repository, { tag: 'first' })
  // What a push of this manifest holds until its commit: the artifact's row, and a tag of its own.
  await using rival = await openRival(
    db,
    sql`with pushed as (
        update artifact set pushed_at = now() where digest = ${image.digest} returning id, repository_id)
      insert into tag (repository_id, artifact_id, name) select repository_id, id, 'rival' from pushed`,
  )
  for (const tag of ['second', 'third']) {
    expectAnswer(
      await ask('PUT', `/v2/${repository}/manifests/${tag}`, {
        as,
        headers: { 'content-type': image.mediaType },
        body: image.content,
      }),
      201,
    )
  }
  assert.ok(await isThere(repository, 'third'))
  assert.equal(await isThere(repository, 'rival'), false)
  await rival.commit()
})

test('a manifest that is pushed again is the newest by its time, and keeps its row', async () => {
  const repository = `${cast.P.name}/${fresh('repo')}`
  const image = await pushImage(marina, repository, { tag: 'first' })
  const read = () =>
    db.row<{ id: number; pushedAt: Date }>(
      sql`select id, pushed_at as "pushedAt" from artifact where digest = ${image.digest}`,
    )
  const before = (await read())!
  await ask('PUT', `/v2/${repository}/manifests/second`, {
    as,
    headers: { 'content-type': image.mediaType },
    body: image.content,
  })
  const after = (await read())!
  assert.equal(after.id, before.id)
  assert.ok(after.pushedAt > before.pushedAt)
})

test('a push that creates tags and moves others at once finds each of them', async () => {
  const repository = `${cast.P.name}/${fresh('repo')}`
  const [first, second] = [
    await pushImage(marina, repository, { tag: 'b' }),
    await pushImage(marina, repository, { tag: 'd' }),
  ]
  expectAnswer(
    await ask('PUT', `/v2/${repository}/manifests/${first.digest}?tag=a&tag=b&tag=c&tag=d`, {
      as,
      headers: { 'content-type': first.mediaType },
      body: first.content,
    }),
    201,
  )
  const digests = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (tag) => {
      const answer = await ask('HEAD', `/v2/${repository}/manifests/${tag}`, { as })
      return answer.headers['docker-content-digest']
    }),
  )
  assert.deepEqual(digests, Array(4).fill(first.digest))
  const facts = await db.rows<{ topic: string; tag: string; from: string | null }>(sql`
    select topic, payload->>'tag' as tag, payload->>'from' as from from outbox
    where payload->>'repository' = ${repository} and topic in ('tag.created', 'tag.moved') order by id`)
  assert.deepEqual(
    facts.slice(2).map(({ topic, tag, from }) => [topic, tag, from]),
    [
      ['tag.created', 'a', null],
      ['tag.created', 'c', null],
      ['tag.moved', 'd', second.digest],
    ],
  )
})

test('blobs that arrive together are recorded together; one that is refused is refused alone', async () => {
  const project = await givenProject(marina)
  const size = 1000
  const fits = 7
  await db.run(sql`update quota set hard_storage = ${fits * size + 1} where project_id = ${project.id}`)
  const blobs = Array.from({ length: 20 }, () => randomBytes(size))
  const repositories = Array.from({ length: 4 }, (_, index) => `${project.name}/repo${index}`)
  const answers = await Promise.all(blobs.map((bytes, index) => upload(repositories[index % 4]!, bytes)))
  const stored = answers.flatMap(({ status }, index) => (status === 201 ? [index] : []))
  assert.equal(stored.length, fits, 'as many as there is room for')
  for (const answer of answers) if (answer.status !== 201) expectAnswer(answer, 403, 'DENIED')
  for (const [index, bytes] of blobs.entries()) {
    const found = await ask('GET', `/v2/${repositories[index % 4]!}/blobs/${digestOf(bytes)}`, { as })
    assert.equal(found.status, stored.includes(index) ? 200 : 404)
  }
  const row = await db.row<{ used: number }>(
    sql`select used_storage as used from quota where project_id = ${project.id}`,
  )
  assert.equal(row!.used, fits * size)
})

test('one blob that is sent many times at once to many repositories is stored once and held by each', async () => {
  const bytes = randomBytes(2000)
  const repositories = Array.from({ length: 8 }, () => `${cast.P.name}/${fresh('repo')}`)
  const answers = await Promise.all([...repositories, ...repositories].map((name) => upload(name, bytes)))
  for (const answer of answers) expectAnswer(answer, 201)
  for (const name of repositories) expectAnswer(await ask('GET', `/v2/${name}/blobs/${digestOf(bytes)}`, { as }), 200)
  const row = await db.row<{ blobs: number; uploads: number }>(sql`
    select (select count(*) from blob where digest = ${digestOf(bytes)}) as blobs,
      (select count(*) from upload where repository = any(${repositories}::text[])) as uploads`)
  assert.deepEqual(row, { blobs: 1, uploads: 0 })
})

test('uploads that end together with one of a wrong digest are stored, and the wrong one is not', async () => {
  const repository = `${cast.P.name}/${fresh('repo')}`
  const blobs = Array.from({ length: 6 }, () => randomBytes(500))
  const wrong = digestOf(randomBytes(10))
  const answers = await Promise.all([
    ...blobs.map((bytes) => upload(repository, bytes)),
    upload(repository, randomBytes(500), wrong),
  ])
  expectAnswer(answers.pop()!, 400, 'DIGEST_INVALID')
  for (const answer of answers) expectAnswer(answer, 201)
  assert.deepEqual(await findDisagreements(marina, ['loss']), [])
})

test('of many requests that finish one upload at once, one does, and the upload is gone', async () => {
  const repository = `${cast.P.name}/${fresh('repo')}`
  const bytes = randomBytes(3000)
  const begun = expectAnswer(await ask('POST', `/v2/${repository}/blobs/uploads/`, { as }), 202)
  const finish = () => ask('PUT', `${begun.headers.location}?digest=${digestOf(bytes)}`, { as, body: bytes })
  const answers = await Promise.all(Array.from({ length: 5 }, finish))
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b)
  assert.deepEqual(statuses, [201, 404, 404, 404, 404])
  expectAnswer(await ask('GET', `/v2/${repository}/blobs/${digestOf(bytes)}`, { as }), 200)
})
