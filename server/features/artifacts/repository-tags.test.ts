import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ociManifest } from '../../../oci/media-type.ts'
import { descriptorOf, fresh, pushBlob, pushImage, pushIndex, pushManifest, pushReferrer } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()

type Row = {
  name: string
  digest: string
  type: string
  size: number
  platforms: object[]
  accessories: string[]
  labels: { name: string }[]
  immutable: boolean
}
async function tagsOf(name: string, query = '', as = cast.guA) {
  const path = `/projects/${cast.A.name}/tags?repository=${encodeURIComponent(name)}&${query}`
  const answer = expectAnswer(await rest('GET', path, as), 200)
  return { rows: answer.json() as Row[], total: Number(answer.headers['x-total-count']) }
}

test('tags are rows: newest first, filtered, sorted and paged, each with the artifact that it names', async () => {
  const name = `${fresh('tags')}/app`
  const repository = `${cast.A.name}/${name}`
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'arm64', variant: 'v8' }))
  await pushBlob(marina, repository, config)
  const type = 'application/vnd.oci.image.config.v1+json'
  const manifest = { schemaVersion: 2, mediaType: ociManifest, config: descriptorOf(config, type), layers: [] }
  const content = Buffer.from(JSON.stringify(manifest))
  const image = await pushManifest(marina, repository, content, ociManifest, { tag: '1.0' })
  await pushManifest(marina, repository, content, ociManifest, { tag: '1.0-again' })
  const part = await pushImage(marina, repository)
  const platform = { os: 'linux', architecture: 's390x' }
  const index = await pushIndex(
    marina,
    repository,
    [{ ...part, descriptor: { ...part.descriptor, platform } as never }],
    {
      tag: 'multi',
    },
  )
  await pushReferrer(marina, repository, index)
  await pushReferrer(marina, repository, index)

  const { rows, total } = await tagsOf(name)
  assert.equal(total, 3)
  assert.deepEqual(
    rows.map((row) => [row.name, row.digest, row.type, row.platforms, row.accessories]),
    [
      ['multi', index.digest, 'IMAGE', [platform], ['subject.accessory']],
      ['1.0-again', image.digest, 'IMAGE', [{ os: 'linux', architecture: 'arm64', variant: 'v8' }], []],
      ['1.0', image.digest, 'IMAGE', [{ os: 'linux', architecture: 'arm64', variant: 'v8' }], []],
    ],
  )
  assert.equal(rows[1]!.size, content.length + config.length)
  const found = await tagsOf(name, 'q=name%3D~1.0&sort=name&page_size=1&page=2')
  assert.deepEqual([found.total, found.rows.map((row) => row.name)], [2, ['1.0-again']])
  assert.equal((await tagsOf(name, '', cast.laA)).total, 3)
  const path = `/projects/${cast.A.name}/tags?repository=`
  expectAnswer(await rest('GET', `${path}absent`, cast.guA), 404, 'NOT_FOUND')
  expectAnswer(await rest('GET', `${path}${encodeURIComponent(name)}&q=size%3D1`, cast.guA), 400, 'BAD_REQUEST')
})

test('artifacts are found by the beginning of a tag or a digest, by those who may read them', async () => {
  const tag = fresh('v')
  const mine = await pushImage(marina, `${cast.A.name}/found`, { tag: `${tag}.1` })
  const open = await pushImage(marina, `${cast.P.name}/found`, { tag: `${tag}.2` })
  const find = async (q: string, as: typeof cast.guA | undefined) =>
    (expectAnswer(await rest('GET', `/search/artifacts?q=${q}`, as), 200).json() as Row[]).map((one) => one.digest)
  assert.deepEqual(await find(tag, cast.guA), [open.digest, mine.digest])
  assert.deepEqual(await find(tag, cast.uaB), [open.digest])
  assert.deepEqual(await find(tag, undefined), [open.digest])
  assert.deepEqual(await find(tag, marina.admin), [open.digest, mine.digest])
  assert.deepEqual(await find(mine.digest.slice(0, 30), cast.laA), [mine.digest])
  assert.deepEqual(await find(mine.digest, undefined), [])
  assert.deepEqual(await find(`x${tag}`, cast.guA), [])
  expectAnswer(await rest('GET', '/search/artifacts?q=', cast.guA), 422, 'UNPROCESSABLE_ENTITY')
})

test('manifest and config are shown byte by byte, as text, to those who may pull', async () => {
  const name = fresh('documents')
  const image = await pushImage(marina, `${cast.A.name}/${name}`, { tag: 'v1' })
  const path = `/projects/${cast.A.name}/repositories/${name}/artifacts/v1/documents`
  const manifest = expectAnswer(await rest('GET', `${path}/manifest`, cast.guA), 200)
  assert.equal(manifest.text, image.content.toString())
  assert.match(String(manifest.headers['content-type']), /^text\/plain/)
  assert.match(expectAnswer(await rest('GET', `${path}/config`, cast.guA), 200).text, /^\{"made":"[0-9a-f]{16}"\}$/)
  expectAnswer(await rest('GET', `${path}/config`, cast.uaB), 403, 'FORBIDDEN')
  expectAnswer(await rest('GET', `${path}/layers`, cast.guA), 422, 'UNPROCESSABLE_ENTITY')
  const index = await pushIndex(marina, `${cast.A.name}/${name}`, [image], { tag: 'multi' })
  const ofIndex = path.replace('/v1/', `/${index.digest}/`)
  expectAnswer(await rest('GET', `${ofIndex}/manifest`, cast.guA), 200)
  expectAnswer(await rest('GET', `${ofIndex}/config`, cast.guA), 404, 'NOT_FOUND')
})
