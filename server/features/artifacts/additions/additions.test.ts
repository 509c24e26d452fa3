import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import tar, { type Header } from 'tar-stream'
import { ociManifest } from '../../../../oci/media-type.ts'
import { descriptorOf, pushBlob, pushManifest } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openScene } from '../../../testing/scene.ts'
import { limits, readFromTar, readWhole } from './read.ts'

const { marina, rest, cast } = await openScene()

type File = [name: string | (Partial<Header> & { name: string }), content?: string | Buffer]

async function tarOf(files: File[]): Promise<Buffer> {
  const pack = tar.pack()
  for (const [name, content = ''] of files) pack.entry(typeof name === 'string' ? { name } : name, content)
  pack.finalize()
  return readWhole(pack, 256 * 1024 * 1024)
}

type Layer = { type: string; bytes: Buffer; annotations?: Record<string, string> }

async function push(
  name: string,
  tag: string,
  config: { type: string; value: unknown },
  layers: Layer[],
  more: object = {},
): Promise<void> {
  const configBytes = Buffer.from(typeof config.value === 'string' ? config.value : JSON.stringify(config.value))
  for (const bytes of [configBytes, ...layers.map((layer) => layer.bytes)]) await pushBlob(marina, name, bytes)
  const content = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptorOf(configBytes, config.type),
    layers: layers.map(({ type, bytes, annotations }) => ({
      ...descriptorOf(bytes, type),
      ...(annotations ? { annotations } : {}),
    })),
    ...more,
  }
  await pushManifest(marina, name, Buffer.from(JSON.stringify(content)), ociManifest, { tag })
}

const chartType = 'application/vnd.cncf.helm.config.v1+json'
const chartLayer = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'
const pathOf = (repository: string, tag: string) =>
  `/projects/${cast.A.name}/repositories/${repository}/artifacts/${tag}`
const addition = (repository: string, tag: string, what: string) =>
  rest('GET', `${pathOf(repository, tag)}/additions/${what}`, cast.guA)

test('the history of an image comes from its config', async () => {
  const history = [
    { created: '2026-01-31T00:00:00Z', created_by: 'RUN <script>alert(1)</script>' },
    { created_by: 'CMD', empty_layer: true },
  ]
  await push(
    `${cast.A.name}/img`,
    'v1',
    { type: 'application/vnd.oci.image.config.v1+json', value: { os: 'linux', history } },
    [],
  )
  const answer = expectAnswer(await addition('img', 'v1', 'build_history'), 200)
  assert.deepEqual(answer.json(), history)
  assert.deepEqual(
    [answer.headers['content-type'], answer.headers['x-content-type-options']],
    ['application/json; charset=utf-8', 'nosniff'],
  )
  for (const what of ['readme.md', 'values.yaml', 'dependencies', 'files', 'license', 'sbom'])
    expectAnswer(await addition('img', 'v1', what), 400, 'BAD_REQUEST')
  expectAnswer(await addition('img', 'v1', 'nonsense'), 422, 'UNPROCESSABLE_ENTITY')
  await push(`${cast.A.name}/img`, 'odd', { type: 'application/vnd.oci.image.config.v1+json', value: 'not json' }, [])
  expectAnswer(await addition('img', 'odd', 'build_history'), 400, 'BAD_REQUEST')
})

test('a chart shows its readme, its values and its dependencies, not those of charts within it', async () => {
  const readme = '# App\n<script>alert(1)</script>\n'
  const layer = gzipSync(
    await tarOf([
      ['app/Chart.yaml', 'name: app'],
      ['app/charts/sub/README.md', 'wrong'],
      ['app/charts/sub/values.yaml', 'wrong: 1'],
      ['README.md', 'wrong'],
      ['app/README.md', readme],
      ['app/values.yaml', 'a: 1\n'],
      ['app/templates/x.yaml', 'x'],
    ]),
  )
  const dependencies = [{ name: 'db', version: '1.x', repository: 'https://example.com', alias: 'x' }]
  await push(
    `${cast.A.name}/chart`,
    'v1',
    { type: chartType, value: { name: 'app', version: '1.0.0', appVersion: '2', dependencies } },
    [{ type: chartLayer, bytes: layer }],
  )
  const shown = expectAnswer(await rest('GET', pathOf('chart', 'v1'), cast.guA), 200).json() as {
    type: string
    extra_attrs: { version: string }
    addition_links: Record<string, { href: string }>
  }
  assert.deepEqual(
    [shown.type, shown.extra_attrs.version, Object.keys(shown.addition_links)],
    ['CHART', '1.0.0', ['readme.md', 'values.yaml', 'dependencies']],
  )
  const answers = await Promise.all(
    Object.values(shown.addition_links).map(({ href }) => rest('GET', href.replace('/api/v2.0', ''), cast.guA)),
  )
  assert.deepEqual(
    answers.map(({ status, text }) => [status, text]),
    [
      [200, readme],
      [200, 'a: 1\n'],
      [200, JSON.stringify([{ name: 'db', version: '1.x', repository: 'https://example.com' }])],
    ],
  )
  for (const { headers } of answers)
    assert.match(
      `${String(headers['content-type'])} ${String(headers['content-security-policy'])}`,
      /^(?:text\/(?:plain|markdown)|application\/json); charset=utf-8 default-src 'none'/,
    )
  await push(`${cast.A.name}/chart`, 'bare', { type: chartType, value: { name: 'bare' } }, [
    { type: chartLayer, bytes: gzipSync(await tarOf([['bare/Chart.yaml', 'name: bare']])) },
  ])
  for (const [what, text] of [
    ['readme.md', ''],
    ['values.yaml', ''],
    ['dependencies', '[]'],
  ] as const)
    assert.equal(expectAnswer(await addition('chart', 'bare', what), 200).text, text)
  for (const [who, status, code] of [
    [undefined, 401, 'UNAUTHORIZED'],
    [cast.uaB, 403, 'FORBIDDEN'],
  ] as const)
    expectAnswer(await rest('GET', `${pathOf('chart', 'v1')}/additions/readme.md`, who), status, code)
})

test('X19: an archive that unpacks to far more than its size, or is no archive, is 400', async () => {
  const bomb = gzipSync(
    await tarOf([
      ['app/big', Buffer.alloc(limits.unpacked + 1024 * 1024)],
      ['app/README.md', 'late'],
    ]),
    { level: 1 },
  )
  assert.ok(bomb.length < 1024 * 1024)
  const layers = {
    bomb,
    large: gzipSync(await tarOf([['app/README.md', Buffer.alloc(limits.shown + 1)]])),
    many: gzipSync(
      await tarOf([...Array.from({ length: limits.entries + 1 }, (): File => ['app/x/y']), ['app/README.md', 'late']]),
    ),
    noise: Buffer.from('neither gzip nor tar'),
    cut: gzipSync(await tarOf([['app/x', 'x'.repeat(5000)]])).subarray(0, 40),
  }
  for (const [tag, bytes] of Object.entries(layers)) {
    await push(`${cast.A.name}/hostile`, tag, { type: chartType, value: { name: 'app' } }, [
      { type: chartLayer, bytes },
    ])
    expectAnswer(await addition('hostile', tag, 'readme.md'), 400, 'BAD_REQUEST')
  }
  expectAnswer(await rest('GET', '/health', undefined), 200)
})

test('Q16: names that climb out of the folder, links and devices are skipped', async () => {
  const layer = await tarOf([
    ['../app/README.md', 'climbed'],
    ['/app/README.md', 'absolute'],
    [{ name: 'app/README.md', type: 'symlink', linkname: '/etc/passwd' }],
    [{ name: 'app/README.md', type: 'link', linkname: '/etc/passwd' }],
    [{ name: 'app/README.md', type: 'character-device' }],
    ['app/README.md', 'mine'],
  ])
  const isReadme = (name: string) => /^[^/.]+\/README.md$/.test(name)
  assert.equal((await readFromTar(Readable.from([layer]), false, isReadme))?.toString(), 'mine')
  assert.equal((await readFromTar(Readable.from([gzipSync(layer)]), true, isReadme))?.toString(), 'mine')
  assert.equal(await readFromTar(Readable.from([layer]), false, () => false), undefined)
})

test('X15: a model shows its readme, its license and its files as folders', async () => {
  const path = (name: string) => ({ 'org.cncf.model.filepath': name })
  await push(
    `${cast.A.name}/model`,
    'v1',
    {
      type: 'application/vnd.cncf.model.config.v1+json',
      value: { descriptor: { name: 'm' }, config: { paramSize: '8b' } },
    },
    [
      { type: 'application/vnd.cncf.model.doc.v1.raw', bytes: Buffer.from('# Model'), annotations: path('README.md') },
      {
        type: 'application/vnd.cncf.model.doc.v1.tar',
        bytes: await tarOf([['LICENSE', 'Apache']]),
        annotations: path('LICENSE'),
      },
      {
        type: 'application/vnd.cncf.model.weight.v1.raw',
        bytes: Buffer.from('weights'),
        annotations: path('weights/a/../1.bin'),
      },
    ],
    { artifactType: 'application/vnd.cncf.model.manifest.v1+json' },
  )
  assert.equal(expectAnswer(await addition('model', 'v1', 'readme.md'), 200).text, '# Model')
  assert.equal(expectAnswer(await addition('model', 'v1', 'license'), 200).text, 'Apache')
  const files = expectAnswer(await addition('model', 'v1', 'files'), 200).json() as { name: string; type: string }[]
  assert.deepEqual(
    files.map(({ name, type }) => [name, type]),
    [
      ['README.md', 'file'],
      ['LICENSE', 'file'],
      ['weights', 'directory'],
    ],
  )
  assert.deepEqual(files[2], {
    name: 'weights',
    type: 'directory',
    children: [{ name: 'a', type: 'directory', children: [{ name: '1.bin', type: 'file', size: 7 }] }],
  })
})

test('an SBOM is shown as the JSON it is', async () => {
  const bytes = Buffer.from('{"spdxVersion":"SPDX-2.3"}')
  await push(
    `${cast.A.name}/sbom`,
    'v1',
    { type: 'application/vnd.oci.empty.v1+json', value: '{}' },
    [{ type: 'application/spdx+json', bytes }],
    { artifactType: 'application/vnd.goharbor.harbor.sbom.v1' },
  )
  assert.equal(expectAnswer(await addition('sbom', 'v1', 'sbom'), 200).text, bytes.toString())
})

test('an absent report of vulnerabilities is 404, as in Harbor', async () => {
  expectAnswer(await addition('sbom', 'v1', 'vulnerabilities'), 404, 'NOT_FOUND')
  expectAnswer(await addition('sbom', 'v1', 'readme.md'), 400, 'BAD_REQUEST')
})
