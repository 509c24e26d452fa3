import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { mock, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Project } from '../../catalog/project.ts'
import { openCache } from '../../platform/cache/cache.ts'
import type { Answer } from '../../platform/http/server.ts'
import type { ManifestRead } from '../registry.ts'
import { parseRequest } from '../request.ts'
import type { Grants } from '../token.ts'
import type { At, Exchange } from './session.ts'
import { openWays } from './ways.ts'

const parse = (target: string) => parseRequest(target) as At<'manifest'>
const grants = (): Grants => ({ repositories: new Map(), projects: new Map(), catalog: false })
const manifest = (bytes: number) => ({ content: Buffer.alloc(bytes) }) as ManifestRead
const project = { id: 1, endpointId: null as number | null }

function givenWays() {
  const cache = openCache({ limit: 100_000 })
  const own = { ...project }
  const ways = openWays({ cache, findProject: () => own as Project })
  const keep = () => cache.get('fact:id:1', async () => ({ of: 'a pull' }))
  return { cache, own, ways, keep }
}

function exchangeOf(by: Grants | undefined, headers: Record<string, string> = {}, startedAt = 0): Exchange {
  return {
    request: { headers } as unknown as IncomingMessage,
    response: { startedAt } as Answer,
    session: { by: 'bearer', caller: { kind: 'anonymous' }, ...(by ? { grants: by } : {}) },
    peer: { address: '', protocol: 'http', host: undefined },
  }
}

test('a pull goes the way of the same one before it: target, token, program and conditions', async () => {
  const { cache, ways, keep } = givenWays()
  await keep()
  const [asked, token, sent] = [parse('/v2/a/b/manifests/v1'), grants(), manifest(10)]
  const first = (exchange: Exchange) =>
    ways.first(asked, exchange, () => {
      assert.ok(!(keep() instanceof Promise))
      exchange.sent = sent
    })
  await first(exchangeOf(token, { 'user-agent': 'docker' }))
  const find = (by = token, headers: Record<string, string> = { 'user-agent': 'docker' }, at = 0, what = asked) =>
    ways.find(what, exchangeOf(by, headers, at))?.manifest
  assert.equal(find(), sent)
  assert.equal(find(token, { 'user-agent': 'docker' }, 1000), sent)
  assert.equal(find(token, { 'user-agent': 'docker' }, 1001), undefined, 'a second later all is looked up anew')
  assert.equal(find(grants()), undefined, 'another token')
  assert.equal(find(token, {}), undefined, 'another program')
  assert.equal(find(token, { 'user-agent': 'docker', 'if-match': '"x"' }), undefined)
  assert.equal(find(token, { 'user-agent': 'docker', 'if-none-match': '"x"' }), undefined)
  assert.equal(find(token, { 'user-agent': 'docker' }, 0, parse('/v2/a/b/manifests/v2')), undefined, 'another target')
  const release = cache.block(['fact:id:1'])
  assert.equal(find(), undefined, 'a fact of it is about to change')
  release()
})

test('no way is kept of a pull that memory alone did not answer, or that more than its facts decided', async () => {
  const { own, ways, keep } = givenWays()
  const asked = parse('/v2/a/b/manifests/v1')
  const isKept = async (of: { by?: Grants; sent?: ManifestRead; facts?: boolean }) => {
    const exchange = exchangeOf(of.by)
    await ways.first(asked, exchange, () => {
      const found = of.facts === false ? undefined : keep()
      if (of.sent) exchange.sent = of.sent
      return found instanceof Promise ? found.then(() => {}) : undefined
    })
    return ways.find(asked, exchangeOf(of.by)) !== undefined
  }
  const usual = () => ({ by: grants(), sent: manifest(10) })
  assert.equal(await isKept(usual()), false, 'the fact was not in memory')
  assert.equal(await isKept(usual()), true)
  assert.equal(await isKept({ ...usual(), facts: false }), false, 'it rests on no fact')
  assert.equal(await isKept({ sent: manifest(10) }), false, 'a password')
  assert.equal(await isKept({ by: grants() }), false, 'an answer with a warning, or none')
  assert.equal(await isKept({ by: grants(), sent: manifest(40_000) }), false, 'too large to be kept twice')
  own.endpointId = 3
  assert.equal(await isKept(usual()), false, 'another registry decides as well')
})

test('ways are dropped after 10 s, and when there are too many', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const { ways, keep } = givenWays()
    await keep()
    const asked = parse('/v2/a/b/manifests/v1')
    const go = (by: Grants) => {
      const exchange = exchangeOf(by)
      void ways.first(asked, exchange, () => {
        assert.ok(!(keep() instanceof Promise))
        exchange.sent = manifest(10)
      })
    }
    const isKept = (by: Grants) => ways.find(asked, exchangeOf(by)) !== undefined
    const token = grants()
    go(token)
    mock.timers.tick(9999)
    assert.equal(isKept(token), true)
    mock.timers.tick(1)
    assert.equal(isKept(token), false)
    go(token)
    for (let count = 0; count < 1999; count++) go(grants())
    assert.equal(isKept(token), true)
    const last = grants()
    go(last)
    assert.deepEqual([isKept(token), isKept(last)], [false, true])
  } finally {
    mock.timers.reset()
  }
  await sleep(0)
})
