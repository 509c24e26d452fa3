import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { descriptorOf, fresh, makeImage, pushBlob, pushImage, pushManifest, pushReferrer } from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openScene } from '../testing/scene.ts'
import { ociManifest } from '../../oci/media-type.ts'

const { marina, cast } = await openScene()
const newRepository = () => `${cast.P.name}/${fresh('repo')}`
const ask = (method: string, path: string) => marina.ask(method, path, { as: marina.admin })
const sigstore = 'application/vnd.dev.sigstore.bundle+json;version=0.2'

test('layers and configs may have types with parameters, or types that are bare words', async () => {
  for (const type of [sigstore, 'text/plain; charset=utf-8', 'test.signature.file']) {
    const repository = newRepository()
    const [layer, config] = [randomBytes(20), Buffer.from(JSON.stringify({ random: fresh('') }))]
    for (const bytes of [layer, config]) await pushBlob(marina, repository, bytes)
    const parts = { config: descriptorOf(config, type), layers: [descriptorOf(layer, type)] }
    const { content } = makeImage(0, parts)
    await pushManifest(marina, repository, content, ociManifest, { tag: 'v1' })
    assert.deepEqual(expectAnswer(await ask('GET', `/v2/${repository}/manifests/v1`), 200).body, content)
  }
})

test('referrers are filtered by the text of their type, also by one with an unencoded plus', async () => {
  const repository = newRepository()
  const image = await pushImage(marina, repository)
  const cyclone = 'application/vnd.cyclonedx+json'
  for (const artifactType of [sigstore, cyclone, 'word'])
    await pushReferrer(marina, repository, image, { artifactType })
  const typesBy = async (filter: string) => {
    const answer = await ask('GET', `/v2/${repository}/referrers/${image.digest}?artifactType=${filter}`)
    const { manifests } = expectAnswer(answer, 200).json() as { manifests: { artifactType: string }[] }
    return manifests.map(({ artifactType }) => artifactType)
  }
  assert.deepEqual(await typesBy('application%2Fvnd.dev.sigstore.bundle%2Bjson%3Bversion%3D0.2'), [sigstore])
  assert.deepEqual(await typesBy('application%2Fvnd.dev.sigstore.bundle%2Bjson%3Bversion%3D0.3'), [])
  assert.deepEqual(await typesBy('word'), ['word'])
  for (const filter of [cyclone, encodeURIComponent(cyclone)]) assert.deepEqual(await typesBy(filter), [cyclone])
})
