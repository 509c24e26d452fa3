import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { digestOf, type Digest } from '../../../../oci/digest.ts'
import { ociManifest } from '../../../../oci/media-type.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import { openPlaces } from '../../../platform/places.ts'
import { openLocalRegistry } from '../../../registry/local/local.ts'
import { lastFact, factsSince } from '../../../testing/api.ts'
import {
  fresh,
  givenProject,
  makeImage,
  pushBlob,
  pushImage,
  pushIndex,
  pushManifest,
  pushReferrer,
} from '../../../testing/given.ts'
import { openTestMarina, type TestMarina } from '../../../testing/server.ts'
import { describe as describeArtifact } from '../../artifacts/index.ts'
import { localSide } from '../sides/local.ts'
import type { Side } from '../sides/side.ts'
import { copyDigest, copyTag } from './manifests.ts'
import { openMounts } from './mounts.ts'
import type { CopyRun } from './run.ts'
import { openUploads } from './uploads.ts'

describe('copies from one registry to another', () => {
  let here: TestMarina
  let there: TestMarina
  before(async () => {
    ;[here, there] = await Promise.all([openTestMarina(), openTestMarina()])
  })
  after(async () => {
    await here?.[Symbol.asyncDispose]()
    await there?.[Symbol.asyncDispose]()
  })

  const sideOf = ({ ground }: TestMarina, signal = new AbortController().signal): Side => {
    const { db, cache, blobs } = ground
    const gates = { push: [], untag: [], pull: [] }
    const registry = openLocalRegistry({ db, cache, blobs, gates, describe: describeArtifact })
    return localSide({ reader: { db, cache }, registry, gates }, signal)
  }
  const mounts = openMounts()

  function openRun(from: string, to: string, more: Partial<CopyRun> = {}): CopyRun & { lines: string[] } {
    const lines: string[] = []
    const target = more.target ?? sideOf(there)
    return {
      source: sideOf(here),
      target,
      from: from as RepositoryName,
      to: to as RepositoryName,
      overrides: false,
      chunkBytes: undefined,
      platforms: [],
      rewritesIndex: false,
      linkTags: undefined,
      places: openPlaces({ places: 4 }),
      throttle: { through: (bytes) => bytes, passed: () => undefined },
      uploads: openUploads(there.ground.db, 0),
      mounts,
      retries: { tries: 1, firstMs: 1 },
      ready: () => target.prepare([{ name: to as RepositoryName }]),
      signal: new AbortController().signal,
      log: (line) => void lines.push(line),
      counts: { copied: 0, same: 0, kept: 0, gone: 0, blobs: 0, mounted: 0, bytes: 0 },
      told() {},
      held: new Set(),
      done: new Set(),
      lines,
      ...more,
    }
  }

  const newRepository = async () => `${(await givenProject(here)).name}/app`
  const read = async (marina: TestMarina, path: string) => marina.ask('GET', path, { as: marina.admin })
  const manifestOf = async (marina: TestMarina, repository: string, reference: string) =>
    (await read(marina, `/v2/${repository}/manifests/${reference}`)).body
  async function agree(from: string, to: string, references: string[], blobs: Digest[] = []): Promise<void> {
    for (const reference of references) {
      const [a, b] = await Promise.all([manifestOf(here, from, reference), manifestOf(there, to, reference)])
      assert.deepEqual(b, a, reference)
    }
    for (const digest of blobs) {
      const answer = await read(there, `/v2/${to}/blobs/${digest}`)
      assert.equal(answer.status, 200, digest)
      assert.equal(digestOf(answer.body), digest)
    }
  }

  test('S3-46: an image, its signature by tag, and what refers to it are copied byte by byte', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const image = await pushImage(here, from, { tag: 'v1', layers: 2 })
    const note = await pushReferrer(here, from, image)
    const second = await pushReferrer(here, from, note)
    const signatureTag = `${image.digest.replace(':', '-')}.sig`
    const signature = await pushImage(here, from, { tag: signatureTag })
    const run = openRun(from, to)
    assert.equal(await copyTag(run, 'v1' as Tag), 'copied')
    await agree(
      from,
      to,
      ['v1', signatureTag, note.digest, second.digest, signature.digest],
      [image.config, ...image.layers, note.config],
    )
    const referrers = (await read(there, `/v2/${to}/referrers/${image.digest}`)).json() as {
      manifests: { digest: string }[]
    }
    assert.deepEqual(
      referrers.manifests.map(({ digest }) => digest),
      [note.digest],
    )
  })

  test('S3-46: an index is copied after its children, and their signatures with them', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const children = [await pushImage(here, from), await pushImage(here, from)]
    const note = await pushReferrer(here, from, children[1]!)
    const index = await pushIndex(here, from, children, { tag: 'all' })
    assert.equal(await copyTag(openRun(from, to), 'all' as Tag), 'copied')
    await agree(from, to, ['all', index.digest, note.digest, ...children.map(({ digest }) => digest)])
  })

  test('S3-46: what refers to an image brings its subject with it', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const image = await pushImage(here, from)
    const note = await pushReferrer(here, from, image, { tag: 'note' })
    assert.equal(await copyTag(openRun(from, to), 'note' as Tag), 'copied')
    await agree(from, to, ['note', note.digest, image.digest])
  })

  test('S3-46: a second copy sends and writes nothing, so that no event follows', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const image = await pushImage(here, from, { tag: 'v1' })
    await pushReferrer(here, from, image)
    await copyTag(openRun(from, to), 'v1' as Tag)
    const since = await lastFact(there)
    const run = openRun(from, to)
    assert.equal(await copyTag(run, 'v1' as Tag), 'same')
    assert.equal(await copyDigest(run, image.digest), 'same')
    assert.deepEqual([run.counts.bytes, run.counts.same, await factsSince(there, since)], [0, 2, []])
  })

  test('S3-46: a signature that came later is copied, although the image is there', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const image = await pushImage(here, from, { tag: 'v1' })
    await copyTag(openRun(from, to), 'v1' as Tag)
    const note = await pushReferrer(here, from, image)
    assert.equal(await copyTag(openRun(from, to), 'v1' as Tag), 'same')
    await agree(from, to, [note.digest])
  })

  test('S3-46: without override a tag that means something else stays, and the log says so', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    await pushImage(here, from, { tag: 'v1' })
    await copyTag(openRun(from, to), 'v1' as Tag)
    const first = await manifestOf(there, to, 'v1')
    await pushImage(here, from, { tag: 'v1' })
    const run = openRun(from, to)
    assert.equal(await copyTag(run, 'v1' as Tag), 'kept')
    assert.match(
      run.lines.join('\n'),
      /:v1 is sha256:\w+ and not sha256:\w+: left alone, as the policy does not override/,
    )
    assert.deepEqual(await manifestOf(there, to, 'v1'), first)
    assert.equal(await copyTag(openRun(from, to, { overrides: true }), 'v1' as Tag), 'copied')
    await agree(from, to, ['v1'])
  })

  test('S3-46: a layer that another repository of the target has is mounted and not sent again', async () => {
    const from = await newRepository()
    const [one, other] = [`${fresh('to')}/app`, `${fresh('to')}/app`]
    const image = await pushImage(here, from, { tag: 'v1', layers: 3 })
    await copyTag(openRun(from, one), 'v1' as Tag)
    const run = openRun(from, other)
    await copyTag(run, 'v1' as Tag)
    assert.deepEqual([run.counts.mounted, run.counts.bytes], [4, 0])
    await agree(from, other, ['v1'], image.layers)
  })

  /** A side whose blobs break off after so many bytes, once each time it is opened; `starts` gets the first byte. */
  function breaking(side: Side, after: number, starts: number[]): Side {
    const openBlob: Side['registry']['openBlob'] = async (name, digest, range) => {
      const { Readable } = await import('node:stream')
      const stream = await side.registry.openBlob(name, digest, range)
      starts.push(range?.start ?? 0)
      return Readable.from(
        (async function* () {
          let left = after
          for await (const chunk of stream as AsyncIterable<Buffer>) {
            if (chunk.length > left) throw new Error('the line was cut')
            left -= chunk.length
            yield chunk
          }
        })(),
      )
    }
    return { ...side, registry: { ...side.registry, openBlob } }
  }

  test('S3-46: a cut blob goes on where it was cut, also in a later run, and no tag shows before', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const layer = randomBytes(50 * 2 ** 20)
    await pushBlob(here, from, layer)
    const { blobs, content } = makeImage(0, {
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length }],
    })
    for (const bytes of blobs) await pushBlob(here, from, bytes)
    await pushManifest(here, from, content, ociManifest, { tag: 'big' })
    const starts: number[] = []
    const cut = breaking(sideOf(here), 20 * 2 ** 20, starts)
    await assert.rejects(copyTag(openRun(from, to, { source: cut }), 'big' as Tag), /the line was cut/)
    assert.equal((await read(there, `/v2/${to}/manifests/big`)).status, 404)
    const again = openRun(from, to, { source: cut, retries: { tries: 5, firstMs: 1 } })
    assert.equal(await copyTag(again, 'big' as Tag), 'copied')
    const large = starts.filter((start) => start > 0)
    assert.ok(large.length > 0 && large.every((start) => start >= 16 * 2 ** 20), String(starts))
    await agree(from, to, ['big'], [digestOf(layer)])
    assert.equal(await openUploads(there.ground.db, 0).find(to as RepositoryName, digestOf(layer)), undefined)
  })

  test('S3-46: a source that sends other bytes than the manifest says changes nothing', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    await pushImage(here, from, { tag: 'v1' })
    const honest = sideOf(here)
    for (const lie of [Buffer.alloc(10), Buffer.alloc(10_000)]) {
      const { Readable } = await import('node:stream')
      const source = { ...honest, registry: { ...honest.registry, openBlob: async () => Readable.from([lie]) } }
      await assert.rejects(
        copyTag(openRun(from, to, { source }), 'v1' as Tag),
        /the manifest says that the blob has \d+ bytes; the source sent \d+/,
      )
    }
    assert.equal((await read(there, `/v2/${to}/manifests/v1`)).status, 404)
  })

  test('S3-46: a signature that names itself ends the copy like any other', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const image = await pushImage(here, from, { tag: 'v1' })
    const own = `${image.digest.replace(':', '-')}.sig`
    await pushManifest(here, from, image.content, image.mediaType, { tag: own })
    assert.equal(await copyTag(openRun(from, to), 'v1' as Tag), 'copied')
    await agree(from, to, ['v1'])
  })

  const platform = (architecture: string) => ({ platform: { os: 'linux', architecture } })
  async function pushPlatforms(from: string) {
    const [amd, arm] = [await pushImage(here, from), await pushImage(here, from)]
    const withPlatform = [
      { ...amd, descriptor: { ...amd.descriptor, ...platform('amd64') } },
      { ...arm, descriptor: { ...arm.descriptor, ...platform('arm64') } },
    ]
    return { amd, arm, index: await pushIndex(here, from, withPlatform, { tag: 'all' }) }
  }

  test('S3-46: with a filter of platforms an index keeps its digest, and the other children are missing', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const { amd, arm } = await pushPlatforms(from)
    await copyTag(openRun(from, to, { platforms: ['linux/arm64'] }), 'all' as Tag)
    await agree(from, to, ['all', arm.digest], arm.layers)
    assert.equal((await read(there, `/v2/${to}/manifests/${amd.digest}`)).status, 404)
    const more = openRun(from, to, { platforms: ['linux/arm64', 'linux/amd64'] })
    assert.equal(await copyTag(more, 'all' as Tag), 'same')
    await agree(from, to, ['all', amd.digest, arm.digest])
    const shown = (
      await read(there, `/api/v2.0/projects/${to.split('/')[0]}/repositories/app/artifacts/all`)
    ).json() as { references: { child_digest: string }[] }
    assert.deepEqual(
      shown.references.map((one) => one.child_digest),
      [amd.digest, arm.digest],
    )
  })

  test('S3-46: on request an index is written anew with the children of the wanted platforms', async () => {
    const [from, to] = [await newRepository(), `${fresh('to')}/app`]
    const { arm, index } = await pushPlatforms(from)
    const options = { platforms: ['linux/arm64'], rewritesIndex: true }
    assert.equal(await copyTag(openRun(from, to, options), 'all' as Tag), 'copied')
    const made = await manifestOf(there, to, 'all')
    assert.notEqual(digestOf(made), index.digest)
    const { manifests } = JSON.parse(made.toString()) as { manifests: { digest: string }[] }
    assert.deepEqual(
      manifests.map(({ digest }) => digest),
      [arm.digest],
    )
    assert.equal(await copyTag(openRun(from, to, options), 'all' as Tag), 'same')
    await assert.rejects(
      copyTag(openRun(from, `${fresh('to')}/app`, { ...options, platforms: ['windows/amd64'] }), 'all' as Tag),
      /has no child for windows\/amd64/,
    )
  })
})
