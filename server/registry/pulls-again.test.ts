import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ociManifest } from '../../oci/media-type.ts'
import { sql } from '../platform/db/sql.ts'
import { create } from '../testing/api.ts'
import { givenMember, givenProject, pushImage, removeMember } from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../testing/server.ts'

let marina: TestMarina
let beside: TestMarina
before(async () => {
  marina = await openTestMarina()
  beside = await openBeside(marina)
})
after(async () => {
  await beside[Symbol.asyncDispose]()
  await marina[Symbol.asyncDispose]()
})

/** A project with an image, and pulls of it by one token, so often that both processes answer from memory. */
async function givenPulls() {
  const project = await givenProject(marina)
  const repository = `${project.name}/app`
  const image = await pushImage(marina, repository, { tag: 'v1' })
  const guest = await givenMember(marina, project, 'guest')
  const token = await marina.token(guest, `repository:${repository}:pull`)
  const pull = (one: TestMarina, headers: Record<string, string> = {}) =>
    one.ask('GET', `/v2/${repository}/manifests/v1`, {
      headers: { accept: ociManifest, authorization: `Bearer ${token}`, ...headers },
    })
  const warmUp = async () => {
    for (const one of [marina, beside])
      for (let time = 0; time < 4; time++) assert.deepEqual(expectAnswer(await pull(one), 200).body, image.content)
  }
  await warmUp()
  return { project, repository, image, guest, pull, warmUp }
}

test('a pull like those of a moment ago sees each change at once, on every process', async () => {
  const { project, repository, image, guest, pull, warmUp } = await givenPulls()
  const digests = async () =>
    (await Promise.all([marina, beside].map((one) => pull(one)))).map(({ headers }) => headers['docker-content-digest'])
  const other = await pushImage(beside, repository, { tag: 'v1' })
  assert.deepEqual(await digests(), [other.digest, other.digest])
  expectAnswer(
    await marina.ask('PUT', `/v2/${repository}/manifests/v1`, {
      as: marina.admin,
      headers: { 'content-type': ociManifest },
      body: image.content,
    }),
    201,
  )
  await warmUp()
  const label = { name: 'deprecated', color: '#000000', scope: 'p', project_id: project.id }
  const id = await create(marina, '/labels', marina.admin, label)
  const labels = `/api/v2.0/projects/${project.name}/repositories/app/artifacts/v1/labels`
  const headers = { 'content-type': 'application/json' }
  expectAnswer(await beside.ask('POST', labels, { as: marina.admin, headers, body: JSON.stringify({ id }) }), 200)
  for (const one of [marina, beside]) assert.match(String((await pull(one)).headers.warning), /deprecated/)
  expectAnswer(await beside.ask('DELETE', `${labels}/${id}`, { as: marina.admin }), 200)
  await warmUp()
  for (const one of [marina, beside]) assert.equal((await pull(one)).headers.warning, undefined)
  await removeMember(marina, project, guest)
  for (const one of [beside, marina]) expectAnswer(await pull(one), 401, 'UNAUTHORIZED')
})

test('an image that is gone is gone for a pull like those of a moment ago', async () => {
  const { repository, image, pull } = await givenPulls()
  expectAnswer(await marina.ask('DELETE', `/v2/${repository}/manifests/${image.digest}`, { as: marina.admin }), 202)
  for (const one of [marina, beside]) expectAnswer(await pull(one), 404, 'MANIFEST_UNKNOWN')
})

test('conditions and HEAD are answered as ever beside such pulls, and each pull counts', async () => {
  const { image, repository, guest, pull } = await givenPulls()
  expectAnswer(await pull(marina, { 'if-none-match': `"${image.digest}"` }), 304)
  expectAnswer(await pull(marina, { 'if-match': '"sha256:other"' }), 412, 'PRECONDITION')
  expectAnswer(await pull(marina, { 'if-match': `"${image.digest}"` }), 200)
  assert.equal((await marina.ask('HEAD', `/v2/${repository}/manifests/v1`, { as: guest })).body.length, 0)
  const counted = async () =>
    Number(
      (await marina.ground.db.row<{ count: string }>(
        sql`select pull_count as count from repository where name = ${repository}`,
      ))!.count,
    )
  // Pulls are written down every five seconds.
  for (let tries = 0; tries < 600 && (await counted()) < 9; tries++) await sleep(100)
  assert.equal(await counted(), 4 + 4 + 1)
})
