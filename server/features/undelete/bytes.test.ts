import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ociManifest } from '../../../oci/media-type.ts'
import { descriptorOf, givenProject, pushBlob, pushManifest } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const list = async (project: string) =>
  expectAnswer(await rest('GET', `/projects/${project}/trash`, cast.sys), 200).json()

test('tells how many bytes a deletion holds, and how many nothing else needs', async () => {
  const project = await givenProject(marina)
  const [config, layer] = [randomBytes(40), randomBytes(5000)]
  const repository = `${project.name}/app`
  for (const bytes of [config, layer]) await pushBlob(marina, repository, bytes)
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar')],
    }),
  )
  await pushManifest(marina, repository, content, ociManifest, { tag: 'big' })
  expectAnswer(await rest('DELETE', `/projects/${project.name}/repositories/app/artifacts/big`, cast.sys), 200)
  const sizes = async () =>
    ((await list(project.name)) as { size: number; exclusive: number }[]).map((one) => [one.size, one.exclusive])
  const size = 5040 + content.length
  assert.deepEqual(await sizes(), [[size, size]])
  await pushBlob(marina, `${project.name}/other`, layer)
  assert.deepEqual(await sizes(), [[size, size - 5000]])
})
