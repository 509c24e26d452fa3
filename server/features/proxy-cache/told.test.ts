/** What a cache asks its upstream, and what it tells clients and people of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { expectAnswer } from '../../testing/http.ts'
import { imageOf, openCacheScene } from './scene.suite.ts'

const scene = await openCacheScene({
  MARINA_ENDPOINT_BACK_OFF: '1ms',
  MARINA_PROXY_CACHE_WAIT: '400ms',
  MARINA_PROXY_CACHE_FAILURES: '1000',
})

test('a tag is asked for by the digest that is here; the upstream confirms it or names another one', async () => {
  const cache = await scene.givenCache({ proxy_cache_fresh_seconds: '0' })
  const [image, newer] = [imageOf(1000), imageOf(2000)]
  const name = `team/${cache}`
  await scene.push(name, 'v1', image)
  await scene.pull(`${cache}/${name}`, 'v1', image)
  await scene.stored(cache, name, 'v1')
  const last = () => scene.heads.findLast(({ line }) => line.includes(`${name}/manifests/v1`))!
  const answer = expectAnswer(await scene.get(`${cache}/${name}/manifests/v1`), 200)
  assert.deepEqual(answer.body, image.content)
  assert.deepEqual(
    [last().line.split(' ')[0], last().headers['if-none-match'], answer.headers['warning']],
    ['HEAD', `"${image.digest}"`, undefined],
  )
  const same = await scene.head(`${cache}/${name}/manifests/v1`, { headers: { 'if-none-match': `"${image.digest}"` } })
  assert.equal(same.status, 304, 'a client gets the same from Marina')
  await scene.push(name, 'v1', newer)
  const moved = { headers: { 'if-none-match': `"${image.digest}"` } }
  const now = expectAnswer(await scene.get(`${cache}/${name}/manifests/v1`, moved), 200)
  assert.deepEqual(now.body, newer.content)
})

test('lists of what is here carry a warning while the upstream is in trouble', async () => {
  const cache = await scene.givenCache({ proxy_referrer_api: 'true' })
  const image = imageOf(1000)
  await scene.push('team/listed', 'v1', image)
  await scene.push('team/listed', 'v2', image)
  await scene.pull(`${cache}/team/listed`, 'v1', image)
  await scene.stored(cache, 'team/listed', 'v1')
  const [tags, referrers] = [`${cache}/team/listed/tags/list`, `${cache}/team/listed/referrers/${image.digest}`]
  const whole = expectAnswer(await scene.get(tags), 200)
  assert.deepEqual((whole.json() as { tags: string[] }).tags, ['v1', 'v2'])
  for (const path of [tags, referrers]) {
    const answer = expectAnswer(await scene.get(path), 200)
    assert.equal(answer.headers['warning'], undefined)
  }
  scene.fault = () => ({ status: 503 })
  for (const path of [tags, referrers]) {
    const answer = expectAnswer(await scene.get(path), 200)
    assert.match(
      String(answer.headers['warning']),
      /^299 - ".* could not be asked \(.*\): this list has only what is here"$/,
    )
  }
  const here = expectAnswer(await scene.get(tags), 200)
  assert.deepEqual((here.json() as { tags: string[] }).tags, ['v1'])
  scene.fault = undefined
})

test('metrics count pulls from here, from the upstream and in its trouble, and bytes saved and fetched', async () => {
  const cache = await scene.givenCache({ proxy_cache_fresh_seconds: '0' })
  const image = imageOf(70_000)
  await scene.push('team/counted', 'v1', image)
  const path = `${cache}/team/counted`
  await scene.pull(path, 'v1', image)
  await scene.stored(cache, 'team/counted', 'v1')
  const size = image.config.length + 70_000
  const first = await figures(cache)
  assert.deepEqual(first, { cache: 0, upstream: 3, stale: 0, saved: 0, fetched: size })
  await scene.pull(path, 'v1', image)
  scene.fault = () => ({ status: 500 })
  expectAnswer(await scene.get(`${path}/manifests/v1`), 200)
  scene.fault = undefined
  await scene.until(async () =>
    assert.deepEqual(await figures(cache), { cache: 3, upstream: 3, stale: 1, saved: size, fetched: size }),
  )
  // People see the same, once it is written down.
  const written = { hits: 3, misses: 3, stale: 1, saved_bytes: size, fetched_bytes: size }
  await scene.until(async () => {
    const shown = expectAnswer(await scene.call('GET', `/projects/${cache}/proxy-cache`), 200).json()
    assert.deepEqual({ ...(shown as object), ...written }, shown)
  })
})

async function figures(cache: string): Promise<Record<string, number>> {
  const text = await scene.marina.ground.metrics.registry.metrics()
  const of = (metric: string, label: string, value: string) =>
    Number(new RegExp(`^${metric}{project="${cache}",${label}="${value}"} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN)
  const pulls = (served: string) => of('marina_proxy_cache_pulls_total', 'served', served)
  const bytes = (kind: string) => of('marina_proxy_cache_bytes_total', 'kind', kind)
  return {
    cache: pulls('cache'),
    upstream: pulls('upstream'),
    stale: pulls('stale'),
    saved: bytes('saved'),
    fetched: bytes('fetched'),
  }
}

test('proxy_speed_kb holds back a download', async () => {
  const cache = await scene.givenCache({ proxy_speed_kb: '500' })
  const image = imageOf(500_000)
  await scene.push('team/slow', 'v1', image)
  expectAnswer(await scene.get(`${cache}/team/slow/manifests/v1`), 200)
  const digest = digestOf(image.layers[0]!)
  const begun = performance.now()
  assert.ok(expectAnswer(await scene.get(`${cache}/team/slow/blobs/${digest}`), 200).body.equals(image.layers[0]!))
  // 500,000 bytes at 512,000 a second take 977 ms, less what the throttle lets run ahead and make up for.
  const took = performance.now() - begun
  assert.ok(took > 750, `${took} ms`)
})
