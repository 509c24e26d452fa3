import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import { descriptorOf, pushBlob, pushManifest } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'
import { iconOf } from './default-icons.ts'

const { marina, rest, cast } = await openScene()

type Shown = { 'content-type': string; content: string }

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

async function pushWithIcon(repository: string, bytes: Buffer): Promise<string> {
  const config = Buffer.from('{}')
  for (const one of [config, bytes]) await pushBlob(marina, repository, one)
  const layer = { ...descriptorOf(bytes, 'image/png'), annotations: { 'io.goharbor.artifact.v1alpha1.icon': '' } }
  await pushManifest(
    marina,
    repository,
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: ociManifest,
        config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
        layers: [layer],
      }),
    ),
    ociManifest,
    { tag: 'v1' },
  )
  return digestOf(bytes)
}

test('every kind of artifact and accessory has an icon that anybody can see', async () => {
  const words = [
    'IMAGE',
    'CHART',
    'CNAB',
    'WASM',
    'SBOM',
    'CNAI',
    'SOMETHING',
    'signature.cosign',
    'signature.notation',
    'sbom.harbor',
    'accelerator.nydus',
    'subject.accessory',
  ]
  for (const word of words) {
    const icon = expectAnswer(await rest('GET', `/icons/${iconOf(word)}`, undefined), 200).json() as Shown
    const content = Buffer.from(icon.content, 'base64')
    assert.deepEqual([icon['content-type'], digestOf(content)], ['image/svg+xml', iconOf(word)], word)
    assert.doesNotMatch(content.toString(), /script|onload|href/i)
    assert.match(content.toString(), /^<svg [^>]+>(?:<(?:path|circle|rect) [^>]+\/>)+<\/svg>$/)
  }
  assert.notEqual(iconOf('CHART'), iconOf('IMAGE'))
})

test("an artifact's own icon is shown to those who may see its project", async () => {
  const digest = await pushWithIcon(`${cast.A.name}/pictured`, png)
  const shown = expectAnswer(
    await rest('GET', `/projects/${cast.A.name}/repositories/pictured/artifacts/v1`, cast.guA),
    200,
  ).json() as { icon: string }
  assert.equal(shown.icon, digest)
  assert.deepEqual(expectAnswer(await rest('GET', `/icons/${digest}`, cast.guA), 200).json(), {
    'content-type': 'image/png',
    content: png.toString('base64'),
  })
  for (const who of [undefined, cast.uaB]) expectAnswer(await rest('GET', `/icons/${digest}`, who), 404, 'NOT_FOUND')
  await pushWithIcon(`${cast.P.name}/pictured`, png)
  for (const who of [undefined, cast.uaB]) expectAnswer(await rest('GET', `/icons/${digest}`, who), 200)
})

test('X03: an icon that is no picture by its bytes is 404, and so is a blob that is no icon', async () => {
  const digest = await pushWithIcon(
    `${cast.P.name}/false`,
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
  )
  expectAnswer(await rest('GET', `/icons/${digest}`, cast.sys), 404, 'NOT_FOUND')
  const secret = await pushBlob(marina, `${cast.P.name}/false`, png.subarray(0, 40))
  expectAnswer(await rest('GET', `/icons/${secret}`, cast.sys), 404, 'NOT_FOUND')
  for (const bad of ['x', 'sha256:x', '%00'])
    expectAnswer(await rest('GET', `/icons/${bad}`, cast.sys), 400, 'BAD_REQUEST')
})
