import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ociIndex } from '../../oci/media-type.ts'
import { collectAll } from '../testing/collect.ts'
import {
  descriptorOf,
  findDisagreements,
  fresh,
  pushBlob,
  pushImage,
  pushManifest,
  pushReferrer,
} from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openScene } from '../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const project = cast.P.name
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json'
const ask = (method: string, path: string) => marina.ask(method, path, { as: marina.admin })
const indexOf = (type: string, manifests: unknown[]) =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, manifests }))

/** A cache as BuildKit's `--cache-to type=registry` pushes it: an index of layers and of the cache's config. */
function cacheOf() {
  const layers = [randomBytes(300), randomBytes(200)]
  const config = Buffer.from(JSON.stringify({ layers: [], records: [], random: fresh('') }))
  const entries = [
    ...layers.map((bytes) => descriptorOf(bytes, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    descriptorOf(config, 'application/vnd.buildkit.cacheconfig.v0'),
  ]
  return { blobs: [...layers, config], entries }
}

for (const type of [ociIndex, dockerList])
  test(`an index of blobs, such as BuildKit's cache, is accepted and holds the blobs: ${type}`, async () => {
    const repository = `${project}/${fresh('cache')}`
    const { blobs, entries } = cacheOf()
    for (const bytes of blobs) await pushBlob(marina, repository, bytes)
    const index = await pushManifest(marina, repository, indexOf(type, entries), type, { tag: 'cache' })
    for (const { digest } of entries)
      expectAnswer(await ask('DELETE', `/v2/${repository}/blobs/${digest}`), 405, 'UNSUPPORTED')
    await collectAll(marina)
    assert.deepEqual((await ask('GET', `/v2/${repository}/manifests/cache`)).body, index.content)
    for (const [at, { digest }] of entries.entries())
      assert.deepEqual((await ask('GET', `/v2/${repository}/blobs/${digest}`)).body, blobs[at])
    const copy = `/projects/${project}/repositories/${fresh('copy')}/artifacts?from=${repository}:cache`
    assert.equal((await rest('POST', copy, marina.admin)).status, 201)
    assert.deepEqual(await findDisagreements(marina, ['loss']), [])
  })

test('C-39: an index is refused when one of its blobs is missing, or is named as a manifest', async () => {
  const repository = `${project}/${fresh('cache')}`
  const { blobs, entries } = cacheOf()
  for (const bytes of blobs.slice(1)) await pushBlob(marina, repository, bytes)
  const put = (manifests: unknown[]) =>
    marina.ask('PUT', `/v2/${repository}/manifests/cache`, {
      as: marina.admin,
      body: indexOf(ociIndex, manifests),
      headers: { 'content-type': ociIndex },
    })
  expectAnswer(await put(entries), 400, 'MANIFEST_BLOB_UNKNOWN')
  expectAnswer(await put(entries.slice(1)), 201)
  expectAnswer(await put([{ ...entries[1], mediaType: ociIndex }]), 400, 'MANIFEST_BLOB_UNKNOWN')
  expectAnswer(await put([{ ...entries[1], size: 1 }]), 400, 'MANIFEST_INVALID')
})

test('a manifest that an index lists twice is shown twice, in order, with platform and annotations', async () => {
  const name = fresh('twice')
  const repository = `${project}/${name}`
  const [image, other] = [await pushImage(marina, repository), await pushImage(marina, repository)]
  const entry = (one: typeof image, architecture: string, n: string) => ({
    ...one.descriptor,
    platform: { os: 'linux', architecture },
    annotations: { n },
  })
  const entries = [entry(image, 'amd64', '1'), entry(other, 's390x', '2'), entry(image, 'arm64', '3')]
  const index = await pushManifest(marina, repository, indexOf(ociIndex, entries), ociIndex, { tag: 'v1' })
  await pushManifest(marina, repository, index.content, ociIndex, { tag: 'v1' })
  type Reference = { child_digest: string; platform: { architecture: string }; annotations: { n: string } }
  const path = `/projects/${project}/repositories/${name}/artifacts`
  const { references } = (await rest('GET', `${path}/v1`, marina.admin)).json() as { references: Reference[] }
  assert.deepEqual(
    references.map((one) => [one.child_digest, one.platform.architecture, one.annotations.n]),
    entries.map((one) => [one.digest, one.platform.architecture, one.annotations.n]),
  )
  await pushReferrer(marina, repository, index)
  const part = await rest('GET', `${path}/${image.digest}?with_inherited_accessory=true`, marina.admin)
  assert.equal((part.json() as { inherited_accessories: unknown[] }).inherited_accessories.length, 1)
  assert.equal((await rest('DELETE', `${path}/v1`, marina.admin)).status, 200)
  assert.equal((await ask('GET', `/v2/${repository}/manifests/${image.digest}`)).status, 404)
})
