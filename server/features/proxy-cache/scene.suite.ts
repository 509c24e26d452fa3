import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { after } from 'node:test'
import { digestOf, type Digest } from '../../../oci/digest.ts'
import { ociIndex, ociManifest } from '../../../oci/media-type.ts'
import { callApi, create } from '../../testing/api.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { openFaultProxy, type Fault } from '../../testing/fault-proxy.ts'
import { descriptorOf, fresh } from '../../testing/given.ts'
import { basic, eventually, expectAnswer, type Answer, type Person } from '../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina, type TestSettings } from '../../testing/server.ts'

export type Image = { content: Buffer; digest: Digest; mediaType: string; config: Buffer; layers: Buffer[] }

/** An image of random layers of these sizes, in bytes. */
export function imageOf(...sizes: number[]): Image {
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', made: randomBytes(8).toString('hex') }),
  )
  const layers = sizes.map((size) => randomBytes(size))
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((bytes) => descriptorOf(bytes, 'application/vnd.oci.image.layer.v1.tar')),
    }),
  )
  return { content, digest: digestOf(content), mediaType: ociManifest, config, layers }
}

export function indexOf(...children: Image[]): Image {
  const manifests = children.map(({ content, mediaType }, at) => ({
    ...descriptorOf(content, mediaType),
    platform: { os: 'linux', architecture: ['amd64', 'arm64', 's390x'][at] },
  }))
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests }))
  return { content, digest: digestOf(content), mediaType: ociIndex, config: Buffer.alloc(0), layers: [] }
}

/** Pushes to an open registry, such as docker-registry. */
export async function pushTo(url: string, repository: string, tag: string, image: Image): Promise<void> {
  for (const bytes of image.config.length > 0 ? [image.config, ...image.layers] : []) {
    const begun = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST' })
    const place = new URL(begun.headers.get('location')!, url)
    place.searchParams.set('digest', digestOf(bytes))
    const put = await fetch(place, { method: 'PUT', body: new Uint8Array(bytes) })
    assert.equal(put.status, 201, await put.text())
  }
  const put = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': image.mediaType },
    body: new Uint8Array(image.content),
  })
  assert.equal(put.status, 201, await put.text())
}

/**
 * A Marina and a docker-registry, between them a proxy that counts and spoils requests on demand; closed after the
 * file's tests.
 */
export async function openCacheScene(settings: TestSettings = {}) {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const marina = opened.use(await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1', ...settings }))
  const docker = opened.use(await openDockerRegistry())
  const proxy = opened.use(await openFaultProxy(docker.url))
  const asked: string[] = []
  const heads: { line: string; headers: IncomingHttpHeaders }[] = []
  const scene = {
    marina,
    docker,
    upstreamUrl: proxy.endpoint,
    /** `method path` of each request of the upstream's manifests and blobs. */
    asked,
    /** All requests of the upstream with their headers. */
    heads,
    /** What happens to each request of the upstream; undefined lets it pass. */
    fault: undefined as undefined | ((line: string) => Fault | undefined),
    endpoint: 0,
    call: (method: string, path: string, body?: unknown, as: Person = marina.admin) =>
      callApi(marina, method, path, { as, ...(body === undefined ? {} : { body }) }),
    /** Makes a project that caches the docker-registry. */
    async givenCache(metadata: Record<string, string> = {}, more: object = {}): Promise<string> {
      const name = fresh('cache')
      const body = { project_name: name, registry_id: scene.endpoint, metadata, ...more }
      await create(marina, '/projects', marina.admin, body)
      return name
    },
    push: (repository: string, tag: string, image: Image) => pushTo(docker.url, repository, tag, image),
    ...reading(marina),
    /** Waits until the tag is an artifact here. */
    stored: (project: string, repository: string, tag: string) =>
      eventually(async () => {
        const path = `/projects/${project}/repositories/${encodeURIComponent(encodeURIComponent(repository))}`
        return expectAnswer(await scene.call('GET', `${path}/artifacts/${tag}?with_tag=true`), 200).json()
      }),
    until: eventually,
    beside: async (more: TestSettings = {}): Promise<TestMarina> =>
      opened.use(await openBeside(marina, { MARINA_OUTBOUND_ALLOW: '127.0.0.1', ...settings, ...more })),
  }
  proxy.fault = ({ method, url, headers }) => {
    const line = `${method} ${url}`
    if (/manifests|blobs|tags|referrers/.test(line)) asked.push(line)
    heads.push({ line, headers })
    return scene.fault?.(line)
  }
  const upstream = { name: fresh('up'), type: 'docker-registry', url: proxy.endpoint }
  scene.endpoint = await create(marina, '/registries', marina.admin, upstream)
  return scene
}

type CacheScene = Awaited<ReturnType<typeof openCacheScene>>

/** An image at the upstream whose manifest is known here; the layer is `size` bytes long. */
export async function givenLayer(scene: CacheScene, size: number) {
  const cache = await scene.givenCache()
  const image = imageOf(size)
  const [layer] = image.layers
  const name = `team/${cache}`
  await scene.push(name, 'v1', image)
  expectAnswer(await scene.get(`${cache}/${name}/manifests/v1`), 200)
  const digest = digestOf(layer!)
  return { cache, name, image, layer: layer!, digest, path: `${cache}/${name}/blobs/${digest}` }
}

type GetOptions = { from?: TestMarina; headers?: Record<string, string>; as?: Person }

function reading(marina: TestMarina) {
  const { admin } = marina
  const get = (path: string, { from = marina, ...options }: GetOptions = {}): Promise<Answer> =>
    from.ask('GET', `/v2/${path}`, { as: admin, ...options })
  return {
    get,
    head: (path: string, { from = marina, ...options }: GetOptions = {}): Promise<Answer> =>
      from.ask('HEAD', `/v2/${path}`, { as: admin, ...options }),
    /** A GET whose bytes are counted as they come. */
    stream(url: string, path: string) {
      const ending = new AbortController()
      const chunks: Buffer[] = []
      const over = (async () => {
        const answer = await fetch(`${url}${path}`, {
          headers: { authorization: basic(admin) },
          signal: ending.signal,
        })
        for await (const chunk of answer.body!) chunks.push(Buffer.from(chunk))
      })()
      over.catch(() => {})
      return {
        count: () => chunks.reduce((sum, { length }) => sum + length, 0),
        bytes: () => Buffer.concat(chunks),
        end: () => ending.abort(),
        over,
      }
    },
    /** Pulls as docker does: the manifest by tag, then config and layers; checks every byte. */
    async pull(repository: string, tag: string, image: Image, options: GetOptions = {}): Promise<void> {
      const manifest = expectAnswer(await get(`${repository}/manifests/${tag}`, options), 200)
      assert.deepEqual(manifest.body, image.content)
      assert.equal(manifest.headers['docker-content-digest'], image.digest)
      for (const bytes of [image.config, ...image.layers]) {
        const answer = expectAnswer(await get(`${repository}/blobs/${digestOf(bytes)}`, options), 200)
        assert.ok(answer.body.equals(bytes), 'the bytes of a blob')
      }
    },
  }
}
