import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { ociManifest } from '../../oci/media-type.ts'
import { sql, Sql } from '../platform/db/sql.ts'
import { fresh, makeImage, pushBlob, pushImage, pushIndex, pushManifest, pushReferrer } from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openScene } from '../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const project = cast.P.name
const given = () => {
  const name = fresh('repo')
  return { repository: `${project}/${name}`, path: `/projects/${project}/repositories/${name}/artifacts` }
}
const ask = (method: string, path: string) => marina.ask(method, path, { as: marina.admin })
const statusOf = async (repository: string, reference: string) =>
  (await ask('GET', `/v2/${repository}/manifests/${reference}`)).status
const linkOf = (digest: string, ending = 'sig') => `sha256-${digest.slice(7)}.${ending}`

type Shown = { type: string; digest: string; accessories: { type: string; digest: string }[] | null }
const shown = async (path: string, reference: string) =>
  (await rest('GET', `${path}/${reference}?with_accessory=true`, marina.admin)).json() as Shown
const accessoriesOf = async (path: string, reference: string) =>
  ((await shown(path, reference)).accessories ?? []).map(({ type, digest }) => [type, digest])

/** The two ways to delete by digest: that of docker, crane and oras, and the REST API. */
const doors: Record<string, (at: ReturnType<typeof given>, digest: string) => Promise<unknown>> = {
  '/v2': async ({ repository }, digest) =>
    expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${digest}`), 202),
  '/api/v2.0': async ({ path }, digest) => expectAnswer(await rest('DELETE', `${path}/${digest}`, marina.admin), 200),
}

for (const [door, remove] of Object.entries(doors)) {
  test(`a delete through ${door} also deletes accessories, but for those with a tag of their own`, async () => {
    const at = given()
    const image = await pushImage(marina, at.repository, { tag: 'v1' })
    const signature = await pushReferrer(marina, at.repository, image)
    const ofSignature = await pushReferrer(marina, at.repository, signature)
    const byTag = await pushImage(marina, at.repository, { tag: linkOf(image.digest) })
    const named = await pushReferrer(marina, at.repository, image, { tag: 'keep' })
    const ofNamed = await pushReferrer(marina, at.repository, named)
    await remove(at, image.digest)
    const gone = [image.digest, signature.digest, ofSignature.digest, byTag.digest, linkOf(image.digest)]
    for (const reference of gone) assert.equal(await statusOf(at.repository, reference), 404, reference)
    for (const reference of ['keep', named.digest, ofNamed.digest])
      assert.equal(await statusOf(at.repository, reference), 200, reference)
  })
}

test('a delete of an index through /v2 leaves its parts and their accessories', async () => {
  const at = given()
  const part = await pushImage(marina, at.repository)
  const index = await pushIndex(marina, at.repository, [part], { tag: 'v1' })
  const [ofPart, ofIndex] = [
    await pushReferrer(marina, at.repository, part),
    await pushReferrer(marina, at.repository, index),
  ]
  await doors['/v2']!(at, index.digest)
  const statuses = [index, ofIndex, part, ofPart].map(({ digest }) => statusOf(at.repository, digest))
  assert.deepEqual(await Promise.all(statuses), [404, 404, 200, 200])
})

test("artifacts are signatures, attestations or SBOMs by cosign's tags, until these are deleted", async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const types = { sig: 'signature.cosign', att: 'subject.accessory', sbom: 'sbom.harbor' }
  for (const [ending, type] of Object.entries(types)) {
    const tag = linkOf(image.digest, ending)
    const held = await pushImage(marina, at.repository, { tag })
    assert.deepEqual(await accessoriesOf(at.path, 'v1'), [[type, held.digest]])
    expectAnswer(await ask('DELETE', `/v2/${at.repository}/manifests/${tag}`), 202)
    assert.deepEqual(await accessoriesOf(at.path, 'v1'), [])
    assert.equal(await statusOf(at.repository, held.digest), 200)
    const listed = (await rest('GET', at.path, marina.admin)).json() as Shown[]
    assert.ok(listed.some(({ digest }) => digest === held.digest))
    expectAnswer(await rest('POST', `${at.path}/${held.digest}/tags`, marina.admin, { name: tag }), 201)
    assert.deepEqual(await accessoriesOf(at.path, 'v1'), [[type, held.digest]])
    expectAnswer(await rest('DELETE', `${at.path}/${held.digest}/tags/${tag}`, marina.admin), 200)
    assert.deepEqual(await accessoriesOf(at.path, 'v1'), [])
  }
})

test("an artifact is no signature once cosign's tag has moved away, unless it names a subject itself", async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const tag = linkOf(image.digest)
  const [old, young] = [
    await pushImage(marina, at.repository, { tag }),
    await pushImage(marina, at.repository, { tag }),
  ]
  assert.notEqual(old.digest, young.digest)
  assert.deepEqual(await accessoriesOf(at.path, 'v1'), [['signature.cosign', young.digest]])
  const said = await pushReferrer(marina, at.repository, image, { tag })
  expectAnswer(await ask('DELETE', `/v2/${at.repository}/manifests/${tag}`), 202)
  assert.deepEqual(await accessoriesOf(at.path, 'v1'), [['subject.accessory', said.digest]])
})

test('an artifact whose cosign tag is deleted and restored is a signature again', async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const signature = await pushImage(marina, at.repository, { tag: linkOf(image.digest) })
  expectAnswer(await ask('DELETE', `/v2/${at.repository}/manifests/${linkOf(image.digest)}`), 202)
  const trash = (await rest('GET', `/projects/${project}/trash`, marina.admin)).json() as { id: number }[]
  expectAnswer(await rest('POST', `/projects/${project}/trash/${trash[0]!.id}/restore`, marina.admin), 200)
  assert.deepEqual(await accessoriesOf(at.path, 'v1'), [['signature.cosign', signature.digest]])
})

test('an SBOM is shown as an SBOM, whether attached by its subject or by a tag', async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const bySubject = await pushReferrer(marina, at.repository, image, { artifactType: 'application/spdx+json' })
  const layer = Buffer.from('{"bomFormat":"CycloneDX"}')
  const made = makeImage(0)
  const manifest = JSON.parse(made.content.toString()) as object
  const mediaType = 'application/vnd.cyclonedx+json'
  const layers = [{ mediaType, digest: await pushBlob(marina, at.repository, layer), size: layer.length }]
  await pushBlob(marina, at.repository, made.blobs[0])
  const content = Buffer.from(JSON.stringify({ ...manifest, layers }))
  const tag = linkOf(image.digest, 'sbom')
  const byTag = await pushManifest(marina, at.repository, content, ociManifest, { tag })
  assert.deepEqual(await accessoriesOf(at.path, 'v1'), [
    ['sbom.harbor', bySubject.digest],
    ['sbom.harbor', byTag.digest],
  ])
  for (const { digest } of [bySubject, byTag]) assert.equal((await shown(at.path, digest)).type, 'SBOM')
  const addition = await rest('GET', `${at.path}/${byTag.digest}/additions/sbom`, marina.admin)
  assert.equal(expectAnswer(addition, 200).text, layer.toString())
})

test('an upgrade ends accessories by a tag that they lost, and recognises SBOMs by their tag', async () => {
  const { db } = marina.ground
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const kept = await pushImage(marina, at.repository, { tag: linkOf(image.digest) })
  const said = await pushReferrer(marina, at.repository, image)
  const sbom = await pushImage(marina, at.repository, { tag: linkOf(image.digest, 'sbom') })
  const left = await pushImage(marina, at.repository)
  await db.run(sql`update accessory set type = 'subject.accessory' where type = 'sbom.harbor'`)
  await db.run(sql`
    insert into accessory (artifact_id, repository_id, subject_digest, type)
    select id, repository_id, ${image.digest}, 'signature.cosign' from artifact where digest = ${left.digest}`)
  const migration = await readFile(new URL('../migrations/0019-accessories-by-tag.sql', import.meta.url), 'utf8')
  for (const statement of migration.split(';\n').filter((one) => one.trim() !== ''))
    await db.run(new Sql('', statement, []))
  const rows = await db.rows(sql`
    select accessory.type, artifact.digest from accessory join artifact on artifact.id = artifact_id
    where accessory.subject_digest = ${image.digest} order by artifact.id`)
  assert.deepEqual(rows, [
    { type: 'signature.cosign', digest: kept.digest },
    { type: 'subject.accessory', digest: said.digest },
    { type: 'sbom.harbor', digest: sbom.digest },
  ])
})
