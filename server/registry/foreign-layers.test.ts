import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Digest } from '../../oci/digest.ts'
import { sql, Sql } from '../platform/db/sql.ts'
import { collectAll } from '../testing/collect.ts'
import { descriptorOf, fresh, givenProject, makeImage, pushBlob, pushManifest } from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openTestMarina, type TestMarina } from '../testing/server.ts'

const docker = 'application/vnd.docker.distribution.manifest.v2+json'
const foreignTypes = [
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
]
const urls = ['https://cdn.example.com/B']

let marina: TestMarina
let project: string
before(async () => {
  marina = await openTestMarina({ MARINA_WORKERS: 'none' })
  project = (await givenProject(marina)).name
})
after(() => marina[Symbol.asyncDispose]())

const ask = (method: string, path: string) => marina.ask(method, path, { as: marina.admin })
const put = (repository: string, content: Buffer, type = docker) =>
  marina.ask('PUT', `/v2/${repository}/manifests/1`, {
    as: marina.admin,
    body: content,
    headers: { 'content-type': type },
  })

/** An image whose one layer has a URL elsewhere. Its config is pushed; its layer only with `isPushed`. */
async function imageWith(type: string, isPushed: boolean) {
  const [repository, bytes] = [`${project}/${fresh('win')}`, randomBytes(300)]
  const layer = { ...descriptorOf(bytes, type), urls }
  const image = makeImage(0, { mediaType: docker, layers: [layer] })
  await pushBlob(marina, repository, image.blobs[0])
  if (isPushed) await pushBlob(marina, repository, bytes)
  return { ...image, repository, layer: layer.digest }
}

const isHeld = async (repository: string, layer: Digest) => {
  const blob = `/v2/${repository}/blobs/${layer}`
  expectAnswer(await ask('DELETE', blob), 405, 'UNSUPPORTED')
  await collectAll(marina)
  expectAnswer(await ask('GET', blob), 200)
}

test('a pushed foreign layer that a manifest names cannot be deleted, and no collection removes it', async () => {
  for (const type of foreignTypes) {
    const { repository, content, layer } = await imageWith(type, true)
    await pushManifest(marina, repository, content, docker, { tag: '1' })
    await isHeld(repository, layer)
  }
})

test('a foreign layer that was pushed counts in the size of its artifact', async () => {
  const { repository, content, blobs } = await imageWith(foreignTypes[0]!, true)
  await pushManifest(marina, repository, content, docker, { tag: '1' })
  const name = repository.slice(project.length + 1)
  const artifact = await ask('GET', `/api/v2.0/projects/${project}/repositories/${name}/artifacts/1`)
  assert.equal((artifact.json() as { size: number }).size, content.length + blobs[0]!.length + 300)
})

test('a foreign layer that was pushed is copied with its artifact', async () => {
  const { repository, content, layer } = await imageWith(foreignTypes[0]!, true)
  await pushManifest(marina, repository, content, docker, { tag: '1' })
  const copied = await ask('POST', `/api/v2.0/projects/${project}/repositories/copied/artifacts?from=${repository}:1`)
  assert.equal(copied.status, 201, copied.text)
  expectAnswer(await ask('HEAD', `/v2/${project}/copied/blobs/${layer}`), 200)
})

test('C-59: a foreign layer with a URL need not be in the repository', async () => {
  for (const type of foreignTypes) {
    const { repository, content } = await imageWith(type, false)
    expectAnswer(await put(repository, content), 201)
  }
})

test('C-39: a layer of another type, or a config, must be in the repository, also when it has a URL', async () => {
  for (const type of ['application/vnd.oci.image.layer.v1.tar+gzip', 'application/octet-stream']) {
    const { repository, content } = await imageWith(type, false)
    expectAnswer(await put(repository, content), 400, 'MANIFEST_BLOB_UNKNOWN')
  }
  const config = { ...descriptorOf(randomBytes(9), 'application/vnd.docker.container.image.v1+json'), urls }
  const { content } = makeImage(0, { mediaType: docker, config })
  expectAnswer(await put(`${project}/${fresh('win')}`, content), 400, 'MANIFEST_BLOB_UNKNOWN')
})

test('an upgrade adds the holds and sizes of manifests that were pushed before they held foreign layers', async () => {
  const { db } = marina.ground
  const { repository, content, layer, digest } = await imageWith(foreignTypes[0]!, true)
  await pushManifest(marina, repository, content, docker, { tag: '1' })
  const sizeOf = () => db.row<{ size: number }>(sql`select size from artifact where digest = ${digest}`)
  const before = await sizeOf()
  await db.run(sql`delete from artifact_blob using blob where blob.id = blob_id and blob.digest = ${layer}`)
  await db.run(sql`update artifact set size = size - 300 where digest = ${digest}`)
  const migration = await readFile(new URL('../migrations/0017-foreign-layers.sql', import.meta.url), 'utf8')
  for (let twice = 0; twice < 2; twice++) await db.run(new Sql('', migration, []))
  assert.deepEqual(await sizeOf(), before)
  await isHeld(repository, layer)
})
