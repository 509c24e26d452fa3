import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expectAnswer, openAsk } from '../../testing/http.ts'
import { ensurePortal } from '../../testing/portal-build.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { openPortal } from './index.ts'

const asBrowser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

suite('the portal, as it is served', () => {
  let marina: TestMarina
  before(async () => {
    await ensurePortal()
    marina = await openTestMarina({ MARINA_EXTERNAL_URL: 'https://registry.example.com/marina' })
  })
  after(() => marina[Symbol.asyncDispose]())
  const get = (place: string, headers: Record<string, string> = {}) => marina.ask('GET', place, { headers })
  const assetOf = async (pattern: RegExp) => pattern.exec((await get('/')).text)![1]!

  test('pages: index.html for every path that a browser opens, and never for the paths of programs', async () => {
    const index = expectAnswer(await get('/'), 200).text
    assert.match(index, /<div id="app">/)
    for (const place of ['/projects', '/p/team/-/r/apps/web', '/harbor/projects/3', '/p/a.b/-/members?x=1'])
      assert.equal(expectAnswer(await get(place, asBrowser), 200).text, index, place)
    for (const place of [
      '/api/v2.0/nothing',
      '/api/nothing',
      '/c/nothing',
      '/service/nothing',
      '/v1/x',
      '/metrics',
      '/assets/no.js',
    ])
      assert.equal((await get(place, asBrowser)).status, 404, place)
    assert.equal((await get('/projects', { accept: 'application/json' })).status, 404)
    assert.equal((await marina.ask('POST', '/projects', { headers: asBrowser })).status, 404)
  })

  test('addresses begin at the path of the external URL', async () => {
    assert.match((await get('/')).text, /<base href="\/marina\/">/)
  })

  test('the policy allows own scripts and one by its hash; a browser asks for the page each time', async () => {
    const { headers, text } = await get('/')
    const policy = String(headers['content-security-policy'])
    assert.doesNotMatch(policy, /unsafe|\*/)
    for (const rule of [
      "default-src 'none'",
      "frame-ancestors 'none'",
      "base-uri 'self'",
      "form-action 'self'",
      "style-src 'self'",
    ])
      assert.ok(policy.includes(rule), rule)
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(text)!
    assert.ok(policy.includes(`'sha256-${createHash('sha256').update(script).digest('base64')}'`))
    assert.doesNotMatch(text, /<style|style=|onclick=/)
    assert.equal(headers['cache-control'], 'no-cache')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.ok(headers['x-request-id'])
    const again = await get('/', { 'if-none-match': headers.etag! })
    assert.deepEqual([again.status, again.text], [304, ''])
  })

  test('assets come compressed as the client takes them, and stay a year', async () => {
    const name = `/${await assetOf(/<script type="module" src="([^"]+)"/)}`
    const plain = expectAnswer(await get(name), 200)
    assert.equal(plain.headers['content-encoding'], undefined)
    assert.equal(plain.headers['content-type'], 'text/javascript; charset=utf-8')
    assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable')
    const gzipped = await get(name, { 'accept-encoding': 'gzip, br;q=0' })
    assert.equal(gzipped.headers['content-encoding'], 'gzip')
    assert.deepEqual(gunzipSync(gzipped.body), plain.body)
    const br = await get(name, { 'accept-encoding': 'gzip, deflate, br, zstd' })
    assert.equal(br.headers['content-encoding'], 'br')
    assert.deepEqual(brotliDecompressSync(br.body), plain.body)
    assert.ok(br.body.length < plain.body.length / 2)
    assert.equal((await get(name, { 'if-none-match': plain.headers.etag! })).status, 304)
    const head = await marina.ask('HEAD', name)
    assert.deepEqual(
      [head.status, head.headers['content-length'], head.body.length],
      [200, String(plain.body.length), 0],
    )
  })

  test('no file outside of the build can be asked for', async () => {
    for (const place of [
      '/assets/../manifest.json',
      '/assets/%2e%2e/manifest.json',
      '/assets/__proto__',
      '/assets/',
      '/manifest.json',
    ])
      assert.equal((await get(place)).status, 404, place)
  })

  test('what was there before the portal stays: the API document and its page', async () => {
    assert.match(expectAnswer(await get('/api/v2.0/openapi.json'), 200).text, /^\{/)
    assert.match(expectAnswer(await get('/devcenter-api-2.0'), 200).text, /API/)
  })
})

test('without a build, / says how to make one', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'marina-no-portal-'))
  after(() => rm(folder, { recursive: true, force: true }))
  const portal = openPortal({ externalUrl: undefined, folder })
  const server = createServer((request, response) => {
    void portal
      .answer(request, response, { path: request.url!, headers: {} })
      .then((isDone) => isDone || response.writeHead(404).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  using ask = openAsk((server.address() as AddressInfo).port)
  const headers = { ...asBrowser, host: '<b>evil</b>:80' }
  const page = expectAnswer(await ask('GET', '/', { headers }), 200)
  assert.match(page.text, /portal\/build\.ts/)
  assert.doesNotMatch(page.text, /<b>evil/)
  assert.equal((await ask('GET', '/projects', { headers: asBrowser })).status, 404)
  assert.equal((await ask('GET', '/assets/main.js')).status, 404)
})
