import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ociManifest } from '../../oci/media-type.ts'
import { sql } from '../platform/db/sql.ts'
import { fresh, givenProject, makeImage, pushBlob, pushImage } from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openRival, untilWaiting } from '../testing/rival.ts'
import { openScene } from '../testing/scene.ts'

const { marina, cast } = await openScene()
const { admin: as, ask, ground } = marina
const { db } = ground

type Image = ReturnType<typeof makeImage>

const put = (repository: string, { content }: Pick<Image, 'content'>, tag: string, id?: string) =>
  ask('PUT', `/v2/${repository}/manifests/${tag}`, {
    as,
    body: content,
    headers: { 'content-type': ociManifest, ...(id === undefined ? {} : { 'x-request-id': id }) },
  })

/** Images whose blobs are there, each in a repository of its own. */
async function readyImages(count: number, project = cast.P.name) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const [repository, image] = [`${project}/${fresh('repo')}`, makeImage()]
      for (const bytes of image.blobs) await pushBlob(marina, repository, bytes)
      return { repository, image }
    }),
  )
}

const digestOfTag = async (repository: string, tag: string) =>
  expectAnswer(await ask('HEAD', `/v2/${repository}/manifests/${tag}`, { as }), 200).headers['docker-content-digest']

test('manifests that arrive together are stored, and their facts name each its own request', async () => {
  const ready = await readyImages(20)
  const ids = ready.map(() => fresh('request'))
  const answers = await Promise.all(ready.map(({ repository, image }, at) => put(repository, image, 'v1', ids[at])))
  for (const answer of answers) expectAnswer(answer, 201)
  for (const [at, { repository, image }] of ready.entries()) {
    assert.equal(await digestOfTag(repository, 'v1'), image.digest)
    const facts = await db.rows<{ topic: string; id: string }>(sql`
      select topic, request_id as id from outbox
      where payload->>'repository' = ${repository} and topic in ('artifact.pushed', 'tag.created') order by outbox.id`)
    assert.deepEqual(
      facts,
      ['artifact.pushed', 'tag.created'].map((topic) => ({ topic, id: ids[at] })),
    )
    const blobs = await db.row<{ count: number }>(sql`
      select count(*) from artifact_blob join artifact on artifact.id = artifact_id where digest = ${image.digest}`)
    assert.equal(blobs!.count, image.blobs.length)
  }
})

test('one that is refused is refused alone', async () => {
  const project = await givenProject(marina)
  const ready = await readyImages(8, project.name)
  const lacking = makeImage()
  const answers = await Promise.all([
    ...ready.map(({ repository, image }) => put(repository, image, 'v1')),
    put(ready[0]!.repository, lacking, 'lacking'),
  ])
  expectAnswer(answers.pop()!, 400, 'MANIFEST_BLOB_UNKNOWN')
  for (const answer of answers) expectAnswer(answer, 201)
  for (const { repository, image } of ready) assert.equal(await digestOfTag(repository, 'v1'), image.digest)
})

test('a new manifest that comes by many tags at once is one artifact, and new once', async () => {
  const [{ repository, image }] = (await readyImages(1)) as [Awaited<ReturnType<typeof readyImages>>[number]]
  const tags = Array.from({ length: 12 }, (_, at) => `tag-${at}`)
  for (const answer of await Promise.all(tags.map((tag) => put(repository, image, tag)))) expectAnswer(answer, 201)
  for (const tag of tags) assert.equal(await digestOfTag(repository, tag), image.digest)
  const facts = await db.rows<{ isNew: boolean; tags: string[] }>(sql`
    select payload->'isNew' as "isNew", payload->'tags' as tags from outbox
    where topic = 'artifact.pushed' and payload->>'repository' = ${repository}`)
  assert.equal(facts.filter(({ isNew }) => isNew).length, 1)
  assert.deepEqual(new Set(facts.flatMap((fact) => fact.tags)), new Set(tags))
  const row = await db.row<{ count: number }>(sql`select count(*) from artifact where digest = ${image.digest}`)
  assert.equal(row!.count, 1)
})

test('of images that move one tag at once the last fact says which it names', async () => {
  const repository = `${cast.P.name}/${fresh('repo')}`
  const images = await Promise.all(Array.from({ length: 10 }, () => pushImage(marina, repository)))
  for (const answer of await Promise.all(images.map((image) => put(repository, image, 'moving'))))
    expectAnswer(answer, 201)
  const facts = await db.rows<{ topic: string; digest: string; from: string | null }>(sql`
    select topic, payload->>'digest' as digest, payload->>'from' as from from outbox
    where payload->>'repository' = ${repository} and payload->>'tag' = 'moving' order by id`)
  assert.deepEqual(
    facts.map(({ topic, from }) => [topic, from]),
    facts.map((_, at) => (at === 0 ? ['tag.created', null] : ['tag.moved', facts[at - 1]!.digest])),
  )
  assert.equal(facts.length, images.length)
  assert.equal(await digestOfTag(repository, 'moving'), facts.at(-1)!.digest)
})

test('a push that waits for a lock holds up none that comes later', async () => {
  const project = await givenProject(marina)
  const [slow, ...others] = await readyImages(4, project.name)
  await using rival = await openRival(
    db,
    sql`insert into artifact (repository_id, digest, media_type, kind, size)
      select id, ${slow!.image.digest}, 'text/plain', 'image', 1 from repository where name = ${slow!.repository}`,
  )
  const waiting = put(slow!.repository, slow!.image, 'v1')
  await untilWaiting(db)
  for (const { repository, image } of others) expectAnswer(await put(repository, image, 'v1'), 201)
  await rival.run(sql`rollback`)
  expectAnswer(await waiting, 201)
})
