import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from './digest.ts'
import { OciError } from './errors.ts'
import { manifestLimits, namedBlobs, neededBlobs, parseManifest } from './manifest.ts'
import { bareMediaType, isMediaType, ociIndex, ociManifest } from './media-type.ts'

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json'
const foreignLayer = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json'
const part = (name: string, more: object = {}) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: digestOf(Buffer.from(name)),
  size: name.length,
  ...more,
})
const image = (more: object = {}) => ({
  schemaVersion: 2,
  mediaType: ociManifest,
  config: part('config'),
  layers: [part('one')],
  ...more,
})
const index = (more: object = {}) => ({
  schemaVersion: 2,
  mediaType: ociIndex,
  manifests: [part('child', { mediaType: ociManifest })],
  ...more,
})

const read = (value: unknown, contentType?: string) =>
  parseManifest(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), contentType)
const refuses = (value: unknown, why: RegExp, contentType?: string) =>
  assert.throws(
    () => read(value, contentType),
    (error) => error instanceof OciError && error.code === 'MANIFEST_INVALID' && why.test(error.message),
    typeof value === 'string' ? value.slice(0, 200) : JSON.stringify(value)?.slice(0, 200),
  )

test('an image manifest is read with its config, layers, subject and annotations', () => {
  const subject = part('subject', { mediaType: ociManifest })
  const manifest = read(image({ subject, annotations: { a: 'b' } }), ociManifest)
  assert.deepEqual(
    [manifest.kind, manifest.config?.digest, manifest.layers.length, manifest.subject?.digest, manifest.annotations],
    ['image', part('config').digest, 1, subject.digest, { a: 'b' }],
  )
})

test('an index is read with its children', () => {
  const manifest = read(index({ artifactType: 'application/x' }), ociIndex)
  assert.deepEqual(
    [manifest.kind, manifest.children[0]?.digest, manifest.artifactType, manifest.config, manifest.layers],
    ['index', part('child').digest, 'application/x', undefined, []],
  )
})

test('Docker schema 2 and manifest lists are read like their OCI successors', () => {
  assert.equal(read(image({ mediaType: dockerManifest }), dockerManifest).kind, 'image')
  assert.equal(read(index({ mediaType: dockerList }), dockerList).kind, 'index')
})

test("the artifact type is the manifest's own, else its config's media type, and none for a plain index", () => {
  assert.equal(read(image({ artifactType: 'application/x' })).artifactType, 'application/x')
  assert.equal(
    read(image({ config: part('c', { mediaType: 'application/vnd.cfg' }) })).artifactType,
    'application/vnd.cfg',
  )
  assert.equal(read(index()).artifactType, undefined)
  for (const wrong of [1, 'x'.repeat(256), 'a\0b', []]) refuses(image({ artifactType: wrong }), /artifactType/)
})

test('the type comes from the body, the header, or both when they agree', () => {
  const { mediaType: _, ...untyped } = image()
  assert.equal(read(untyped, ociManifest).mediaType, ociManifest)
  assert.equal(read(image(), undefined).mediaType, ociManifest)
  assert.equal(read(image(), 'application/json').mediaType, ociManifest)
  assert.equal(read(image(), `${ociManifest}; charset=utf-8`).mediaType, ociManifest)
})

test('D02: bytes that could be read as image and as index are refused', () => {
  const manifests = index().manifests
  const { config, layers } = image()
  refuses(image({ manifests }), /must not have manifests/)
  refuses(image({ manifests: [] }), /must not have manifests/)
  refuses(index({ config }), /must not have config or layers/)
  refuses(index({ layers }), /must not have config or layers/)
  refuses(index({ layers: [] }), /must not have config or layers/)
  refuses(image({ blobs: [] }), /blobs/)
  refuses({ schemaVersion: 2, config, layers, manifests }, /must not have/, ociManifest)
  refuses({ schemaVersion: 2, config, layers, manifests }, /must not have/, ociIndex)
})

test("D02: a Content-Type that is not the body's mediaType is refused", () => {
  refuses(image(), /Content-Type/, ociIndex)
  refuses(index(), /Content-Type/, ociManifest)
  refuses(image(), /Content-Type/, dockerManifest)
  refuses(image(), /Content-Type/, 'text/html')
})

test('D02: a body without mediaType is refused when the Content-Type names no type either', () => {
  const { mediaType: _, ...untyped } = image()
  for (const header of [undefined, '', 'application/json', 'application/octet-stream'])
    refuses(untyped, /neither/, header)
  refuses(untyped, /not known/, 'text/plain')
  refuses(untyped, /not known/, 'application/vnd.oci.image.config.v1+json')
})

test('D02: a duplicate key, or one that differs from a known key in case only, is refused', () => {
  refuses(JSON.stringify(image()).replace('{', '{"layers":[],'), /twice/)
  refuses(JSON.stringify(image()).replace('"size":3', '"size":3,"size":4'), /twice/)
  for (const key of [
    'Layers',
    'LAYERS',
    'mediatype',
    'MediaType',
    'Manifests',
    'FSLayers',
    'Subject',
    'layer\u017f',
    'blob\u017f',
  ])
    refuses(image({ [key]: [] }), /must be written/)
})

test("D02: a descriptor's key in another case is refused too, as Go's reader would take the last of both", () => {
  for (const key of ['Digest', 'DIGEST', 'Size', 'MediaType', 'Urls', 'dige\u017ft']) {
    refuses(image({ layers: [part('one', { [key]: part('other').digest })] }), /must be written/)
    refuses(image({ config: part('config', { [key]: 1 }) }), /must be written/)
    refuses(index({ manifests: [part('child', { [key]: 1 })] }), /must be written/)
    refuses(image({ subject: part('child', { [key]: 1 }) }), /must be written/)
  }
})

test('schema 1 is refused, and the error says what to do', () => {
  refuses(
    { schemaVersion: 1, fsLayers: [], history: [] },
    /schema 1/,
    'application/vnd.docker.distribution.manifest.v1+json',
  )
  refuses({ schemaVersion: 1, fsLayers: [] }, /schema 1/, 'application/vnd.docker.distribution.manifest.v1+prettyjws')
  refuses(image({ fsLayers: [] }), /schema 1/)
})

test('a manifest that is not a JSON object of schema version 2 is refused', () => {
  for (const text of ['', 'null', '[]', '"a"', '1', '{', '{}x', '\uFEFF{}'])
    refuses(text, /manifest invalid/, ociManifest)
  for (const version of [undefined, 1, 3, '2', 2.5, null]) refuses(image({ schemaVersion: version }), /schemaVersion/)
  refuses(image({ mediaType: 2 }), /mediaType/)
})

test('an object nested too deeply is refused, wherever in the manifest it is', () => {
  const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`
  refuses(JSON.stringify(image()).replace('{', `{"x":${deep},`), /levels deep/)
})

test('null counts as absent, and so does "" where a text may be left out', () => {
  const { layers: _, ...unlayered } = image()
  for (const one of [unlayered, image({ layers: null })]) assert.deepEqual(read(one).layers, [])
  const { manifests: __, ...empty } = index()
  for (const one of [empty, index({ manifests: null })]) assert.deepEqual(read(one).children, [])
  for (const artifactType of [null, '']) assert.equal(read(index({ artifactType })).artifactType, undefined)
  for (const mediaType of [null, '']) assert.equal(read(image({ mediaType }), ociManifest).mediaType, ociManifest)
  for (const mediaType of [null, '']) refuses(image({ mediaType }), /neither/)
  const nothing = { subject: null, annotations: null, blobs: null, fsLayers: null }
  const bare = { urls: null, annotations: null, artifactType: null, platform: null, data: null }
  assert.deepEqual(read(image({ ...nothing, manifests: null, layers: [part('one', bare)] })), read(image()))
  assert.deepEqual(read(index({ ...nothing, config: null, layers: null })), read(index()))
})

test('lists and descriptors of a wrong shape are refused', () => {
  for (const wrong of [{}, 'x', '', 0, [null], [1], [[]]]) {
    refuses(image({ layers: wrong }), /layers/)
    refuses(index({ manifests: wrong }), /manifests/)
  }
  for (const wrong of [undefined, null, [], 'x']) refuses(image({ config: wrong }), /config/)
  refuses(image({ subject: 'x' }), /subject/)
  refuses(image({ subject: [] }), /subject/)
  for (const digest of ['sha256:x', 'latest', undefined, 1])
    refuses(image({ layers: [part('one', { digest })] }), /digest/)
  for (const mediaType of ['', 'x'.repeat(256), 'a/b\0', undefined, 'a/b\n', 'a/\u202eb'])
    refuses(image({ layers: [part('one', { mediaType })] }), /mediaType/)
})

test('C-57: sizes are whole numbers from 0 to 2^53 - 1', () => {
  for (const size of [-1, 1.5, 2 ** 53, '3', null, undefined, true])
    refuses(image({ layers: [part('one', { size })] }), /size/)
  for (const size of ['3.0', '3e0', '-0'])
    refuses(JSON.stringify(image()).replace('"size":3', `"size":${size}`), /digits alone/)
  refuses(JSON.stringify(image()).replace('"size":3', '"size":1e400'), /size/)
  refuses(JSON.stringify(image()).replace('"size":3', '"size":99999999999999999999'), /size/)
  assert.equal(read(image({ layers: [part('one', { size: 0 })] })).layers[0]?.size, 0)
})

test('C-57: one digest cannot have two sizes', () => {
  refuses(image({ layers: [part('one'), part('one', { size: 4 })] }), /two sizes/)
  refuses(image({ config: part('one', { size: 9 }) }), /two sizes/)
  refuses(index({ manifests: [part('one'), part('one', { size: 4 })] }), /two sizes/)
  assert.equal(read(image({ layers: [part('one'), part('one')] })).layers.length, 2)
})

test('C-58: the number of list entries, annotations and URLs is limited', () => {
  const many = (count: number) => Array.from({ length: count }, () => part('one'))
  assert.equal(read(image({ layers: many(manifestLimits.layers) })).layers.length, manifestLimits.layers)
  refuses(image({ layers: many(manifestLimits.layers + 1) }), /at most/)
  assert.equal(read(index({ manifests: many(manifestLimits.children) })).children.length, manifestLimits.children)
  refuses(index({ manifests: many(manifestLimits.children + 1) }), /at most/)
  refuses(
    image({ annotations: Object.fromEntries(many(manifestLimits.annotations + 1).map((_, at) => [`k${at}`, ''])) }),
    /more than/,
  )
  refuses(
    image({ layers: [part('one', { urls: Array.from({ length: manifestLimits.urls + 1 }, () => 'https://a/') })] }),
    /urls/,
  )
})

test('C-59: foreign layers name http and https URLs without a fragment, and need no blob', () => {
  const foreign = read(
    image({
      layers: [
        part('one', { mediaType: foreignLayer, urls: ['https://example.org/a', 'http://example.org/b'] }),
        part('two'),
      ],
    }),
  )
  const digests = [part('config').digest, part('one').digest, part('two').digest]
  assert.deepEqual(
    neededBlobs(foreign).map(({ digest }) => digest),
    [digests[0], digests[2]],
  )
  assert.deepEqual(
    namedBlobs(foreign).map(({ digest }) => digest),
    digests,
  )
  for (const url of [
    'ftp://a/b',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://a/#b',
    '/relative',
    '',
    1,
    `https://a/${'b'.repeat(4096)}`,
  ])
    refuses(image({ layers: [part('one', { urls: [url] })] }), /urls/)
  refuses(image({ layers: [part('one', { urls: 'https://a/' })] }), /urls/)
})

test('a layer without URLs, or of a type that is not foreign, is needed', () => {
  assert.equal(neededBlobs(read(image({ layers: [part('one', { mediaType: foreignLayer, urls: [] })] }))).length, 2)
  assert.equal(neededBlobs(read(image({ layers: [part('one', { urls: ['https://example.org/a'] })] }))).length, 2)
})

test('each needed blob is named once', () => {
  assert.equal(
    neededBlobs(read(image({ config: part('one'), layers: [part('one'), part('two'), part('one')] }))).length,
    2,
  )
})

test('annotations are text that a database can keep', () => {
  for (const wrong of [1, null, {}, ['a']]) refuses(image({ annotations: { a: wrong } }), /string/)
  refuses(image({ annotations: ['a'] }), /annotations/)
  refuses(
    '{"schemaVersion":2,"mediaType":"' +
      ociManifest +
      '","config":' +
      JSON.stringify(part('config')) +
      ',"layers":[],"annotations":{"a":"\\u0000"}}',
    /annotations/,
  )
  refuses(JSON.stringify(image({ annotations: { a: 'MARK' } })).replace('MARK', '\\ud800'), /annotations/)
  refuses(JSON.stringify(image({ annotations: { MARK: 'a' } })).replace('MARK', '\\u0000'), /annotations/)
  assert.deepEqual(read(image({ annotations: { a: '\u{1F600} \u0001' } })).annotations, { a: '\u{1F600} \u0001' })
})

test('prototype keys in a manifest change nothing outside it', () => {
  read(JSON.stringify(image()).replace('{', '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},'))
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})

test('a media type is any visible text of up to 255 characters; headers lose their parameters and case', () => {
  const sigstore = 'application/vnd.dev.sigstore.bundle+json;version=0.2'
  for (const type of ['a/b', sigstore, 'text/plain; charset=utf-8', 'test.signature.file', 'x'.repeat(255)])
    assert.equal(isMediaType(type), true, type)
  for (const type of ['', 'a/b\n', 'a/b\0', 'a\u2028b', 'a\u202eb', '\ud800', 'x'.repeat(256)])
    assert.equal(isMediaType(type), false, type)
  assert.equal(bareMediaType(' Application/JSON ; charset=utf-8'), 'application/json')
  assert.equal(bareMediaType(undefined), '')
})

test('a four-megabyte manifest of the wrong kind is refused quickly', () => {
  const big = JSON.stringify(image({ annotations: { a: 'x'.repeat(4_000_000) }, manifests: [] }))
  const started = process.cpuUsage()
  refuses(big, /must not have/)
  assert.ok(process.cpuUsage(started).user < 1000_000)
})
