import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, beforeEach, test } from 'node:test'
import { openTestRedis } from '../../testing/redis.ts'
import { openRedis } from './redis.ts'
import { openSealedLayer, type SealedOptions } from './sealed.ts'

const opened = new AsyncDisposableStack()
after(() => opened.disposeAsync())
const server = opened.use(await openTestRedis())
const redis = opened.use(openRedis({ url: server.url, prefix: 'test:', timeoutMs: 1000 }))
while (!redis.isUp()) await new Promise((resolve) => setTimeout(resolve, 5))
beforeEach(() => server.tell('flushall'))

const secret = randomBytes(32)
const open = (more: Partial<SealedOptions> = {}) =>
  openSealedLayer({ redis, stamps: { of: () => 'g.1' }, secret, build: '1', expireMs: 60_000, ...more })
const value = { id: 7, at: new Date(0), content: Buffer.from('bytes'), tags: [{ name: 'a', platform: null }] }

/** Waits until Redis has so many keys. */
async function kept(count: number): Promise<void> {
  for (let tries = 0; Number(await server.tell('dbsize')) !== count; tries++) assert.ok(tries < 200)
}

test('a value comes back unchanged, with its dates and bytes, and cannot be read in Redis', async () => {
  const layer = open()
  layer.write('manifest:id:1', value)
  await kept(1)
  assert.deepEqual(await layer.read(['manifest:id:1', 'manifest:id:2']), [value, undefined])
  assert.equal((await server.tell('get', 'test:manifest:id:1')).includes('bytes'), false)
  assert.deepEqual(layer.counts(), [
    { layer: 'redis', resource: 'manifest', counts: { hit: 1, miss: 1, load: 1, forget: 0, refuse: 0, error: 0 } },
  ])
})

test('a value is believed under its own key, stamp, installation and build only', async () => {
  open().write('manifest:id:1', value)
  await kept(1)
  await server.tell('copy', 'test:manifest:id:1', 'test:manifest:id:2')
  for (const [layer, key] of [
    [open(), 'manifest:id:2'],
    [open({ stamps: { of: () => 'g.2' } }), 'manifest:id:1'],
    [open({ secret: randomBytes(32) }), 'manifest:id:1'],
    [open({ build: '2' }), 'manifest:id:1'],
  ] as const) {
    assert.deepEqual(await layer.read([key]), [undefined])
    assert.equal(layer.counts()[0]!.counts.refuse, 1)
  }
})

test('without stamps, nothing is read from Redis or written to it', async () => {
  open().write('manifest:id:1', value)
  await kept(1)
  const layer = open({ stamps: { of: () => undefined } })
  layer.write('manifest:id:2', value)
  assert.deepEqual(await layer.read(['manifest:id:1']), [undefined])
  assert.deepEqual(layer.counts(), [])
  assert.equal(await server.tell('dbsize'), '1')
})

test('when the stamp changes while Redis is asked, the new stamp decides', async () => {
  let stamp = 'g.1'
  const layer = open({ stamps: { of: () => stamp } })
  layer.write('manifest:id:1', value)
  await kept(1)
  const reading = layer.read(['manifest:id:1'])
  stamp = 'g.2'
  assert.deepEqual(await reading, [undefined])
})

test('a value larger than 1 MiB is not written to Redis, and those that are written expire', async () => {
  const layer = open()
  layer.write('manifest:id:1', { content: randomBytes(2 ** 20 + 1) })
  layer.write('manifest:id:2', value)
  await kept(1)
  const { bytes, endsInMs } = (await redis.look('manifest:id:2'))!
  assert.ok(bytes > 50 && endsInMs > 50_000 && endsInMs <= 60_000)
  assert.equal(await redis.look('manifest:id:1'), undefined)
})

test('keys are listed and removed by their prefix, also one with special characters', async () => {
  const layer = open()
  for (const key of ['tag:name:a*', 'tag:name:ab', 'tag:name:[x]', 'blob:id:1']) layer.write(key, value)
  await kept(4)
  assert.deepEqual(await redis.list('tag:name:a*', 10), ['tag:name:a*'])
  assert.deepEqual((await redis.list('tag:', 10)).length, 3)
  assert.equal((await redis.list('tag:', 2)).length, 2)
  assert.equal(await redis.drop('tag:name:a', true), 0)
  assert.equal(await redis.drop('tag:'), 3)
  assert.deepEqual(await redis.list('', 10), ['blob:id:1'])
})
