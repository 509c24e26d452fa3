import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { parseManifest, type Descriptor } from '../../../oci/manifest.ts'
import { ociIndex, ociManifest } from '../../../oci/media-type.ts'
import { parseTag } from '../../../oci/reference.ts'
import type { Sources } from '../../registry/describe.ts'
import { describe } from './describe.ts'

const descriptor = (mediaType: string, bytes: string | Buffer, more: object = {}) => ({
  mediaType,
  digest: digestOf(Buffer.from(bytes)),
  size: Buffer.byteLength(bytes),
  ...more,
})

/** Describes a manifest with a config of the given type and text, as a push does. */
function said(configType: string, config: string | object, more: object = {}, tags: string[] = []) {
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: descriptor(configType, text),
      layers: [],
      ...more,
    }),
  )
  const sources: Sources = {
    blob: async (one: Descriptor, limit) =>
      one.digest === digestOf(Buffer.from(text)) && one.size <= limit ? Buffer.from(text) : undefined,
    manifest: async () => undefined,
  }
  return describe(parseManifest(bytes, undefined), tags.map(parseTag), sources)
}

const imageConfig = 'application/vnd.oci.image.config.v1+json'
const empty = 'application/vnd.oci.empty.v1+json'

test('the attributes of an image come from its config', async () => {
  const config = {
    architecture: 'arm64',
    os: 'linux',
    variant: 'v8',
    created: '2026-01-31T00:00:00Z',
    author: 'me',
    config: { Env: ['A=1'] },
    history: [{ created_by: 'x' }],
  }
  const { type, extraAttrs, icon, accessory } = await said(imageConfig, config)
  assert.deepEqual([type, icon, accessory], ['IMAGE', undefined, undefined])
  assert.deepEqual(extraAttrs, {
    architecture: 'arm64',
    os: 'linux',
    variant: 'v8',
    created: '2026-01-31T00:00:00Z',
    author: 'me',
    config: { Env: ['A=1'] },
  })
  const docker = await said('application/vnd.docker.container.image.v1+json', {
    config: { Labels: { maintainer: 'she' } },
  })
  assert.deepEqual([docker.type, docker.extraAttrs['author']], ['IMAGE', 'she'])
})

test('a config that cannot be parsed leaves the attributes empty, and the push goes on', async () => {
  for (const config of [
    '',
    'not json',
    '[]',
    'null',
    '7',
    '{"architecture":{"a":1},"config":null,"author":7}',
    '{"config":{"Labels":"x"}}',
    '\u0000',
  ]) {
    const { type, extraAttrs } = await said(imageConfig, config)
    assert.equal(type, 'IMAGE')
    assert.equal(typeof (extraAttrs['architecture'] ?? ''), 'string', config)
  }
  const huge = await said(imageConfig, { architecture: 'amd64', config: { Env: ['x'.repeat(200_000)] } })
  assert.deepEqual([huge.extraAttrs['architecture'], huge.extraAttrs['config']], ['amd64', undefined])
  const vast = await said(imageConfig, { architecture: 'amd64', history: 'x'.repeat(2_000_000) })
  assert.equal(vast.extraAttrs['architecture'], '')
})

test('storage that fails while a config is read does not fail the push', async () => {
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, config: descriptor(imageConfig, '{}'), layers: [] }),
  )
  const broken: Sources = {
    blob: () => Promise.reject(new Error('away')),
    manifest: () => Promise.reject(new Error('away')),
  }
  assert.equal((await describe(parseManifest(bytes, undefined), [], broken)).type, 'IMAGE')
})

test('every kind of artifact has its type', async () => {
  const chart = await said('application/vnd.cncf.helm.config.v1+json', { name: 'app', version: '1.0.0' })
  assert.deepEqual([chart.type, chart.extraAttrs], ['CHART', { name: 'app', version: '1.0.0' }])
  const words = {
    CNAI: [
      await said('application/vnd.cncf.model.config.v1+json', { descriptor: { name: 'm' } }),
      await said(empty, '{}', { artifactType: 'application/vnd.cncf.model.manifest.v1+json' }),
    ],
    SBOM: [
      await said(empty, '{}', {
        artifactType: 'application/vnd.goharbor.harbor.sbom.v1',
        annotations: { 'org.opencontainers.artifact.created': 'now' },
      }),
    ],
    WASM: [
      await said('application/vnd.wasm.config.v1+json', '{}'),
      await said(imageConfig, '{}', { annotations: { 'module.wasm.image/variant': 'compat' } }),
    ],
    'FLUXCD.BUNDLE': [await said('application/vnd.acme.fluxcd.bundle.config.v1+json', '{}')],
    CHARTS: [await said(empty, '{}', { artifactType: 'application/vnd.acme.charts.config.v2+json' })],
    UNKNOWN: [
      await said('application/x-strange', '{}'),
      await said(empty, '{}', { artifactType: 'application/vnd.acme.thing' }),
    ],
  }
  for (const [word, found] of Object.entries(words)) for (const one of found) assert.equal(one.type, word)
  const unknown = await said('application/vnd.acme.thing.config.v1+json', { any: 1 })
  assert.deepEqual([unknown.type, unknown.extraAttrs], ['THING', { any: 1 }])
})

test('an index is an image, unless it says that it is a bundle', async () => {
  const bundle = '{"name":"bundle"}'
  const config = parseManifest(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: ociManifest,
        config: descriptor('application/vnd.cnab.config.v1+json', bundle),
        layers: [],
      }),
    ),
    undefined,
  )
  const child = descriptor(ociManifest, 'child', { annotations: { 'io.cnab.manifest.type': 'config' } })
  const sources: Sources = {
    blob: async () => Buffer.from(bundle),
    manifest: async (digest) => (digest === child.digest ? config : undefined),
  }
  const index = (more: object) =>
    describe(
      parseManifest(
        Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [child], ...more })),
        undefined,
      ),
      [],
      sources,
    )
  assert.deepEqual((await index({})).type, 'IMAGE')
  const cnab = await index({ annotations: { 'org.opencontainers.artifactType': 'application/vnd.cnab.manifest.v1' } })
  assert.deepEqual([cnab.type, cnab.extraAttrs], ['CNAB', { name: 'bundle' }])
})

test('accessories such as signatures and SBOMs are recognized by subject, by tag and by annotation', async () => {
  const subject = descriptor(ociManifest, 'subject')
  const hex = 'ab'.repeat(32)
  const layer = (mediaType: string) => ({ layers: [descriptor(mediaType, 'x')] })
  const table: [string, string, Awaited<ReturnType<typeof said>>][] = [
    [
      'signature.cosign',
      subject.digest,
      await said(imageConfig, '{}', { subject, ...layer('application/vnd.dev.cosign.simplesigning.v1+json') }),
    ],
    [
      'signature.cosign',
      subject.digest,
      await said(empty, '{}', { subject, artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' }),
    ],
    [
      'signature.cosign',
      subject.digest,
      await said(empty, '{}', { subject, artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }),
    ],
    ['signature.notation', subject.digest, await said('application/vnd.cncf.notary.signature', '{}', { subject })],
    [
      'sbom.harbor',
      subject.digest,
      await said(empty, '{}', { subject, artifactType: 'application/vnd.goharbor.harbor.sbom.v1' }),
    ],
    ['subject.accessory', subject.digest, await said(empty, '{}', { subject, artifactType: 'application/vnd.acme' })],
    ['signature.cosign', `sha256:${hex}`, await said(imageConfig, '{}', {}, ['other', `sha256-${hex}.sig`])],
    ['subject.accessory', `sha256:${hex}`, await said(imageConfig, '{}', {}, [`sha256-${hex}.att`])],
    ['sbom.harbor', `sha256:${hex}`, await said(imageConfig, '{}', {}, [`sha256-${hex}.sbom`])],
    [
      'accelerator.nydus',
      `sha256:${hex}`,
      await said(imageConfig, '{}', {
        annotations: {
          'io.goharbor.artifact.v1alpha1.acceleration.driver.name': 'nydus',
          'io.goharbor.artifact.v1alpha1.acceleration.source.digest': `sha256:${hex}`,
        },
      }),
    ],
  ]
  for (const [type, digest, { accessory }] of table) assert.deepEqual(accessory, { type, subject: digest })
  for (const tag of [`sha256-${hex}`, `sha256-${hex}.sig2`, `sha256-${hex.slice(2)}.sig`, 'v1'])
    assert.equal((await said(imageConfig, '{}', {}, [tag])).accessory, undefined, tag)
  assert.equal(
    (
      await said(imageConfig, '{}', {
        annotations: {
          'io.goharbor.artifact.v1alpha1.acceleration.driver.name': 'nydus',
          'io.goharbor.artifact.v1alpha1.acceleration.source.digest': 'nonsense',
        },
      })
    ).accessory,
    undefined,
  )
})

test('the icon is the layer with the icon annotation, if it is a picture of at most 256 KiB', async () => {
  const annotations = { 'io.goharbor.artifact.v1alpha1.icon': '' }
  const iconOf = async (mediaType: string, size = 10) =>
    (await said(imageConfig, '{}', { layers: [{ ...descriptor(mediaType, 'icon', { annotations }), size }] })).icon
  assert.equal(await iconOf('image/png'), digestOf(Buffer.from('icon')))
  assert.equal(await iconOf('image/svg+xml'), undefined)
  assert.equal(await iconOf('text/html'), undefined)
  assert.equal(await iconOf('image/png', 10_000_000), undefined)
})
