/**
 * Upstreams that do what vendors document and docker-registry does not, and upstreams that lie. Written from public
 * documentation; none of the real services was tried.
 */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { sql } from '../../platform/db/sql.ts'
import { create } from '../../testing/api.ts'
import { findDisagreements, fresh } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openOtherSide, sendJson } from '../../testing/other-side.ts'
import { openTestMarina } from '../../testing/server.ts'
import { imageOf, type Image } from './scene.suite.ts'

const marina = await openTestMarina({
  MARINA_OUTBOUND_ALLOW: '127.0.0.1',
  MARINA_ENDPOINT_BACK_OFF: '1ms',
  MARINA_ENDPOINT_TRIES: '2',
  MARINA_PROXY_CACHE_FAILURES: '1000',
})
after(() => marina[Symbol.asyncDispose]())
const { admin } = marina
const get = (path: string) => marina.ask('GET', `/v2/${path}`, { as: admin })

async function cacheOf(url: string, type = 'oci', more: object = {}): Promise<string> {
  const endpoint = await create(marina, '/registries', admin, { name: fresh('up'), type, url, ...more })
  const name = fresh('cache')
  await create(marina, '/projects', admin, { project_name: name, registry_id: endpoint })
  return name
}

/** How a vendor differs: how blobs are sent, and what it says of what it does not have. */
type Ways = {
  sendBlob?(response: ServerResponse, bytes: Buffer, request: IncomingMessage): unknown
  absent?: { status: number; body: unknown }
  /** Anonymous callers need a token. */
  hasTokens?: boolean
}

/** A registry with one image, `team/app:v1`, also called `library/app:v1`. */
function openVendor(image: Image, { sendBlob, absent, hasTokens = false }: Ways) {
  const blobs = new Map([image.config, ...image.layers].map((bytes) => [digestOf(bytes) as string, bytes]))
  const side = openOtherSide(async (request, response) => {
    const { url = '', method, headers } = request
    const { url: own } = await side
    if (url.startsWith('/token')) return sendJson(response, { token: 'anonymous', expires_in: 300 })
    if (hasTokens && headers.authorization === undefined) {
      const scope = /\/v2\/(.+)\/(?:manifests|blobs)/.exec(url)?.[1]
      const asked = scope ? `,scope="repository:${scope}:pull"` : ''
      const challenge = `Bearer realm="${own}/token",service="vendor"${asked}`
      return sendJson(response, { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }, 401, {
        'www-authenticate': challenge,
      })
    }
    if (url === '/v2/') return response.end('{}')
    const [, digest = ''] = /\/blobs\/(sha256:\w+)/.exec(url) ?? []
    const bytes = blobs.get(digest)
    if (bytes && sendBlob) return sendBlob(response, bytes, request)
    if (bytes) return response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    if (/\/(team|library)\/app\/manifests\/(v1$|sha256:)/.test(url)) {
      const head = {
        'content-type': image.mediaType,
        'docker-content-digest': image.digest,
        'content-length': image.content.length,
        'ratelimit-limit': '100;w=21600',
        'ratelimit-remaining': '99;w=21600',
      }
      return response.writeHead(200, head).end(method === 'HEAD' ? undefined : image.content)
    }
    return sendJson(response, absent?.body ?? { errors: [{ code: 'MANIFEST_UNKNOWN' }] }, absent?.status ?? 404)
  })
  return side
}

async function pull(cache: string, image: Image): Promise<void> {
  assert.ok(expectAnswer(await get(`${cache}/team/app/manifests/v1`), 200).body.equals(image.content))
  for (const bytes of [image.config, ...image.layers])
    assert.ok(expectAnswer(await get(`${cache}/team/app/blobs/${digestOf(bytes)}`), 200).body.equals(bytes))
}

test('images come through whatever vendors document: tokens, CDNs, missing lengths, their errors', async () => {
  const image = imageOf(200_000)
  await using cdn = await openOtherSide((request, response) => {
    // As an object store does with a signed URL.
    if (request.headers.authorization) return sendJson(response, { error: 'two ways to sign in' }, 400)
    const digest = request.url!.slice(1)
    return response.end([image.config, ...image.layers].find((bytes) => digestOf(bytes) === digest))
  })
  const redirect = (response: ServerResponse, bytes: Buffer) =>
    response.writeHead(307, { location: `${cdn.url}/${digestOf(bytes)}` }).end()
  const vendors: [string, Ways][] = [
    [
      'docker hub: 401 for what does not exist',
      { hasTokens: true, sendBlob: redirect, absent: { status: 401, body: { errors: [{ code: 'UNAUTHORIZED' }] } } },
    ],
    [
      'ghcr: 403 for what is private or absent',
      {
        hasTokens: true,
        sendBlob: redirect,
        absent: { status: 403, body: { errors: [{ code: 'DENIED', message: 'denied' }] } },
      },
    ],
    ['quay: its own errors', { absent: { status: 401, body: { error: 'invalid_token' } } }],
    [
      'ecr: NAME_UNKNOWN',
      {
        sendBlob: redirect,
        absent: { status: 404, body: { errors: [{ code: 'NAME_UNKNOWN', message: 'The repository does not exist' }] } },
      },
    ],
    ['artifact registry: no length', { sendBlob: (response, bytes) => response.write(bytes, () => response.end()) }],
  ]
  for (const [what, ways] of vendors) {
    await using vendor = await openVendor(image, ways)
    const cache = await cacheOf(vendor.url)
    await pull(cache, image)
    const missing = await get(`${cache}/team/none/manifests/v1`)
    assert.equal(missing.status, 404, `${what}: ${missing.text}`)
    if (ways.hasTokens)
      assert.ok(
        vendor.lines().some((line) => line.includes('/token')),
        what,
      )
  }
})

test('a blob that is not what it should be never reaches a client whole, and is not kept', async () => {
  const image = imageOf(200_000, 1000)
  const [large, small] = image.layers.map((bytes) => digestOf(bytes))
  const half = (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)
  const sized = ({ length }: Buffer) => ({ 'content-length': length })
  const lies: [string, NonNullable<Ways['sendBlob']>][] = [
    ['other bytes', (response, bytes) => response.writeHead(200, sized(bytes)).end(Buffer.alloc(bytes.length))],
    ['fewer bytes', (response, bytes) => response.writeHead(200, sized(half(bytes))).end(half(bytes))],
    ['more bytes', (response, bytes) => response.end(Buffer.concat([bytes, bytes]))],
    [
      'another digest',
      (response, bytes) => response.writeHead(200, { 'docker-content-digest': image.digest }).end(bytes),
    ],
    ['a portal', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    [
      'an end at half',
      (response, bytes) => response.writeHead(200, sized(bytes)).write(half(bytes), () => response.destroy()),
    ],
  ]
  for (const [what, sendBlob] of lies) {
    await using vendor = await openVendor(image, {
      sendBlob: (response, bytes, request) =>
        bytes === image.config ? response.end(bytes) : sendBlob(response, bytes, request),
    })
    const cache = await cacheOf(vendor.url)
    expectAnswer(await get(`${cache}/team/app/manifests/v1`), 200)
    // Either an error, or a connection that is cut before the length that it announced.
    const answer = await get(`${cache}/team/app/blobs/${large}`).catch(() => undefined)
    assert.ok(answer === undefined || answer.status >= 400, `${what}: ${answer?.status}, ${answer?.body.length} bytes`)
    // Of a small blob nothing is sent before all is known.
    const short = await get(`${cache}/team/app/blobs/${small}`)
    assert.ok(short.status >= 500, `${what}: ${short.status} ${short.text}`)
    const { db } = marina.ground
    assert.deepEqual(await db.rows(sql`select from blob where digest = any(${[large, small]}::text[])`), [], what)
  }
  assert.deepEqual(await findDisagreements(marina, ['loss']), [])
})

test('a download that is cut at any byte goes on where it was cut', async () => {
  const image = imageOf(500_000)
  const [layer] = image.layers
  for (const at of [1, 65_535, 250_000, 499_999]) {
    let isCut = false
    await using vendor = await openVendor(image, {
      sendBlob(response, bytes, { headers }) {
        const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)
        const length = { 'content-length': bytes.length - from }
        if (from > 0)
          response.writeHead(206, { ...length, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` })
        else response.writeHead(200, length)
        if (isCut || bytes.length < at) return response.end(bytes.subarray(from))
        isCut = true
        return response.write(bytes.subarray(0, at), () => response.destroy())
      },
    })
    const cache = await cacheOf(vendor.url)
    expectAnswer(await get(`${cache}/team/app/manifests/v1`), 200)
    const answer = expectAnswer(await get(`${cache}/team/app/blobs/${digestOf(layer!)}`), 200)
    assert.ok(answer.body.equals(layer!), `cut at byte ${at}`)
  }
})

test('a manifest of another digest than the one asked for is refused', async () => {
  const [image, other] = [imageOf(10), imageOf(10)]
  await using vendor = await openVendor(image, {})
  const cache = await cacheOf(vendor.url)
  expectAnswer(await get(`${cache}/team/app/manifests/${other.digest}`), 502, 'UNAVAILABLE')
})

test("Docker Hub's own images need no library/, without a redirect, and pulls of them are counted", async () => {
  const image = imageOf(1000)
  await using vendor = await openVendor(image, {})
  const cache = await cacheOf(vendor.url, 'docker-hub')
  for (const name of ['app', 'library/app']) {
    const answer = expectAnswer(await get(`${cache}/${name}/manifests/v1`), 200)
    assert.ok(answer.body.equals(image.content))
    expectAnswer(await get(`${cache}/${name}/blobs/${digestOf(image.layers[0]!)}`), 200)
    expectAnswer(await get(`${cache}/${name}/blobs/${digestOf(image.config)}`), 200)
  }
  assert.ok(
    vendor.lines().every((line) => line.endsWith('/v2/') || line.includes('/v2/library/app/')),
    vendor.lines().join(),
  )
  const path = `/api/v2.0/projects/${cache}/repositories/library%252Fapp`
  await eventually(async () => {
    expectAnswer(await get(`${cache}/app/manifests/v1`), 200)
    const shown = expectAnswer(await marina.ask('GET', path, { as: admin }), 200).json() as { pull_count: number }
    assert.ok(shown.pull_count >= 1)
  })
})

test("a project in the path answers containerd's ?ns=docker.io, although another one caches Docker Hub", async () => {
  const [image, mirrored] = [imageOf(100), imageOf(100)]
  await using hub = await openVendor(image, {})
  await using mirror = await openVendor(mirrored, {})
  await cacheOf(hub.url, 'docker-hub')
  const cache = await cacheOf(mirror.url)
  for (const name of ['library/app', 'team/app']) {
    const answer = expectAnswer(await get(`${cache}/${name}/manifests/v1?ns=docker.io`), 200)
    assert.ok(answer.body.equals(mirrored.content))
    expectAnswer(await get(`${cache}/${name}/blobs/${digestOf(mirrored.layers[0]!)}?ns=docker.io`), 200)
  }
})
