import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ociIndex, ociManifest } from '../../../../oci/media-type.ts'
import { descriptorOf, fresh, pushBlob, pushImage, pushManifest } from '../../../testing/given.ts'
import { expectAnswer, type Person } from '../../../testing/http.ts'
import { openScene } from '../../../testing/scene.ts'
import { compareAnnotations, compareConfigs, compareLayers, layersOf } from './rules.ts'

const { marina, rest, cast } = await openScene()

type Change = { kind: string; name: string; before?: string; after?: string }
type Layer = { digest: string; size: number; command?: string }
type Answer = {
  before: { digest: string; repository_name: string; platform?: object }
  after: { digest: string; repository_name: string; platform?: object }
  config?: Change[]
  layers?: { shared: Layer[]; removed: Layer[]; added: Layer[] }
  annotations: Change[]
  platforms?: { platform: object; before?: string; after?: string }[]
}

const layerType = 'application/vnd.oci.image.layer.v1.tar'
const configType = 'application/vnd.oci.image.config.v1+json'

async function push(repository: string, tag: string, config: unknown, layers: string[], more: object = {}) {
  const bytes = Buffer.from(typeof config === 'string' ? config : JSON.stringify(config))
  for (const one of [bytes, ...layers]) await pushBlob(marina, repository, one)
  const content = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptorOf(bytes, configType),
    layers: layers.map((one) => descriptorOf(Buffer.from(one), layerType)),
    ...more,
  }
  return pushManifest(marina, repository, Buffer.from(JSON.stringify(content)), ociManifest, { tag })
}

const ask = (repository: string, reference: string, query: Record<string, string>, as: Person | undefined = cast.guA) =>
  rest(
    'GET',
    `/projects/${cast.A.name}/repositories/${repository}/artifacts/${reference}/compare?` +
      new URLSearchParams(query).toString(),
    as,
  )
const compare = async (...of: Parameters<typeof ask>) => expectAnswer(await ask(...of), 200).json() as Answer

suite('compare', () => {
  test('two images differ in variables, labels, command, user, ports, layers and annotations', async () => {
    const name = fresh('cmp')
    const before = {
      os: 'linux',
      architecture: 'amd64',
      config: {
        Env: ['PATH=/bin', 'OLD=1', 'EQUALS=a=b'],
        Labels: { version: '1' },
        Cmd: ['run'],
        ExposedPorts: { '80/tcp': {} },
      },
      history: [{ created_by: 'ADD base' }, { created_by: 'ENV x', empty_layer: true }, { created_by: 'RUN old' }],
    }
    const after = {
      os: 'linux',
      architecture: 'amd64',
      config: {
        Env: ['PATH=/usr/bin', 'EQUALS=a=b', 'NEW='],
        Labels: { version: '2' },
        Cmd: ['run', '--fast'],
        User: '1000',
        ExposedPorts: { '8080/tcp': {} },
      },
      history: [{ created_by: 'ADD base' }, { created_by: 'RUN new' }],
    }
    const [a, b] = [
      await push(`${cast.A.name}/${name}`, 'v1', before, ['base', 'old'], { annotations: { by: 'x', same: '1' } }),
      await push(`${cast.A.name}/${name}`, 'v2', after, ['base', 'new'], { annotations: { same: '1', on: 'y' } }),
    ]
    const answer = await compare(name, 'v1', { with: 'v2' })
    assert.deepEqual([answer.before.digest, answer.after.digest], [a.digest, b.digest])
    assert.deepEqual(answer.config, [
      { kind: 'setting', name: 'Cmd', before: '["run"]', after: '["run","--fast"]' },
      { kind: 'env', name: 'PATH', before: '/bin', after: '/usr/bin' },
      { kind: 'env', name: 'OLD', before: '1' },
      { kind: 'label', name: 'version', before: '1', after: '2' },
      { kind: 'port', name: '80/tcp', before: 'exposed' },
      { kind: 'setting', name: 'User', after: '1000' },
      { kind: 'env', name: 'NEW', after: '' },
      { kind: 'port', name: '8080/tcp', after: 'exposed' },
    ])
    const { shared, removed, added } = answer.layers!
    assert.deepEqual(
      [shared, removed, added].map((layers) => layers.map(({ size, command }) => [size, command])),
      [[[4, 'ADD base']], [[3, 'RUN old']], [[3, 'RUN new']]],
    )
    assert.deepEqual(answer.annotations, [
      { kind: 'annotation', name: 'by', before: 'x' },
      { kind: 'annotation', name: 'on', after: 'y' },
    ])
    assert.equal(answer.platforms, undefined)
    const same = await compare(name, 'v1', { with: a.digest })
    assert.deepEqual([same.config, same.annotations, same.layers!.added], [[], [], []])
  })

  test('two indexes differ in their platforms; with a platform, their parts are compared', async () => {
    const repository = `${cast.A.name}/${fresh('multi')}`
    const name = repository.slice(cast.A.name.length + 1)
    const [one, two, arm] = [
      await push(repository, 'p1', { config: { User: 'a' } }, ['x']),
      await push(repository, 'p2', { config: { User: 'b' } }, ['x']),
      await push(repository, 'p3', {}, ['arm']),
    ]
    const amd64 = { os: 'linux', architecture: 'amd64' }
    const armV7 = { os: 'linux', architecture: 'arm', variant: 'v7' }
    const index = (tag: string, manifests: object[]) =>
      pushManifest(
        marina,
        repository,
        Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests })),
        ociIndex,
        { tag },
      )
    await index('i1', [{ ...one.descriptor, platform: amd64 }])
    await index('i2', [
      { ...two.descriptor, platform: amd64 },
      { ...arm.descriptor, platform: armV7 },
    ])
    const whole = await compare(name, 'i1', { with: 'i2' })
    assert.deepEqual(whole.platforms, [
      { platform: amd64, before: one.digest, after: two.digest },
      { platform: armV7, after: arm.digest },
    ])
    assert.deepEqual([whole.config, whole.layers], [undefined, undefined])
    const parts = await compare(name, 'i1', { with: 'i2', platform: 'linux/amd64' })
    assert.deepEqual(parts.config, [{ kind: 'setting', name: 'User', before: 'a', after: 'b' }])
    assert.deepEqual([parts.before.platform, parts.after.digest], [amd64, two.digest])
    expectAnswer(await ask(name, 'i1', { with: 'i2', platform: 'linux/arm' }), 404, 'NOT_FOUND')
    const loose = await compare(name, 'i2', { with: 'i2', platform: 'linux/arm' })
    assert.equal(loose.before.digest, arm.digest)
  })

  test('C-80: another repository needs the right to read there; bad names are 400', async () => {
    const [name, far] = [fresh('near'), fresh('far')]
    await pushImage(marina, `${cast.A.name}/${name}`, { tag: 'v1' })
    await pushImage(marina, `${cast.B.name}/${far}`, { tag: 'v1' })
    await pushImage(marina, `${cast.P.name}/${far}`, { tag: 'v1' })
    const open = await compare(name, 'v1', { with: `${cast.P.name}/${far}:v1` })
    assert.equal(open.after.repository_name, `${cast.P.name}/${far}`)
    expectAnswer(await ask(name, 'v1', { with: `${cast.B.name}/${far}:v1` }), 403, 'FORBIDDEN')
    expectAnswer(await ask(name, 'v1', { with: `not-there/${far}:v1` }), 403, 'FORBIDDEN')
    await compare(name, 'v1', { with: `${cast.B.name}/${far}:v1` }, marina.admin)
    expectAnswer(await ask(name, 'v1', { with: 'v2' }), 404, 'NOT_FOUND')
    for (const text of ['a/b', 'x:y', '@@']) expectAnswer(await ask(name, 'v1', { with: text }), 400, 'BAD_REQUEST')
    expectAnswer(await ask(name, 'v1', {}), 422, 'UNPROCESSABLE_ENTITY')
  })

  test('a config that is no JSON has no values; layers are compared all the same', async () => {
    const name = fresh('odd')
    await push(`${cast.A.name}/${name}`, 'v1', 'no json', ['a'])
    await push(`${cast.A.name}/${name}`, 'v2', { config: { Env: 'nonsense', Labels: [1] } }, ['b'])
    const answer = await compare(name, 'v1', { with: 'v2' })
    assert.deepEqual([answer.config, answer.layers!.added.length], [[], 1])
  })
})

suite('the rules of compare', () => {
  test('a long value is cut in the answer, and compared whole', () => {
    const [one, two] = ['a', 'b'].map((end) => ({ note: `${'x'.repeat(5000)}${end}` }))
    const [change] = compareAnnotations(one!, two!)
    assert.deepEqual([change!.before!.length, change!.before, change!.name], [4097, change!.after, 'note'])
  })

  test('configs of other artifacts are compared by the values at their top', () => {
    assert.deepEqual(compareConfigs({ name: 'app', deps: [1] }, { name: 'app', deps: [2] }, false), [
      { kind: 'setting', name: 'deps', before: '[1]', after: '[2]' },
    ])
  })

  test('without a history for each layer, no layer has a command', () => {
    const layers = [{ digest: 'sha256:a', mediaType: layerType, size: 1 }] as never
    assert.deepEqual(layersOf(layers, { history: [{ created_by: 'a' }, { created_by: 'b' }] }), [
      { digest: 'sha256:a', media_type: layerType, size: 1 },
    ])
  })

  test('a layer that a manifest names twice stays twice', () => {
    const [x, y] = ['x', 'y'].map((digest) => ({ digest, media_type: layerType, size: 1 })) as [never, never]
    assert.deepEqual(compareLayers([x, x, y], [x, x]), { shared: [x, x], removed: [y], added: [] })
  })
})
