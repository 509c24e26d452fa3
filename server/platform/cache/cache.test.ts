import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomOf } from '../../testing/random.ts'
import { openCache, type Cache } from './cache.ts'

const limit = 10_000
type Fact = { value: number }
const load = (value: number | undefined) => async (): Promise<Fact | undefined> =>
  value === undefined ? undefined : { value }

test('a fact is loaded once and then served from memory', async () => {
  const cache = openCache({ limit })
  assert.deepEqual(
    [await cache.get('fact:id:1', load(1)), await cache.get('fact:id:1', load(2))],
    [{ value: 1 }, { value: 1 }],
  )
  assert.deepEqual(cache.counts(), [
    { layer: 'memory', resource: 'fact', counts: { hit: 1, miss: 1, load: 1, forget: 0, refuse: 0, error: 0 } },
  ])
})

test('a fact in memory is returned without a promise, unless its key is blocked or memory is not trusted', async () => {
  let isTrusted = true
  const cache = openCache({ limit, isTrusted: () => isTrusted })
  const ask = () => [cache.get('a', load(2)), cache.getOr('a', load(2))]
  for (const answer of ask()) assert.ok(answer instanceof Promise)
  assert.deepEqual(await cache.get('a', load(1)), { value: 2 })
  assert.deepEqual(ask(), [{ value: 2 }, { value: 2 }])
  isTrusted = false
  for (const answer of ask()) assert.ok(answer instanceof Promise)
  isTrusted = true
  const release = cache.block(['a'])
  for (const answer of ask()) assert.ok(answer instanceof Promise)
  release()
})

test('the result that getOr loads when memory does not have the fact is not kept', async () => {
  const cache = openCache({ limit })
  assert.equal(await cache.getOr('a', async () => 'other'), 'other')
  assert.equal(await cache.getOr('a', async () => 'another'), 'another')
  assert.equal(cache.size().entries, 0)
})

test('a look returns the entry in memory, and is not counted', async () => {
  const cache = openCache({ limit })
  assert.equal(cache.look('a'), undefined)
  await cache.get('a', load(1))
  const counts = structuredClone(cache.counts())
  const [{ key: _, ...entry }] = [...cache.entries()] as [{ key: string; value: object; bytes: number }]
  assert.deepEqual(cache.look('a'), entry)
  assert.deepEqual(cache.counts(), counts)
})

test('callers that ask at once share one load', async () => {
  let loads = 0
  const cache = openCache({ limit })
  const ask = async () => cache.get('a', async () => (await tick(3), { value: ++loads }))
  const all = await Promise.all(Array.from({ length: 50 }, ask))
  assert.deepEqual([new Set(all.map((one) => one?.value)), loads], [new Set([1]), 1])
})

test('a fact that does not exist is loaded again each time', async () => {
  const cache = openCache({ limit })
  assert.equal(await cache.get('a', load(undefined)), undefined)
  assert.deepEqual(await cache.get('a', load(1)), { value: 1 })
})

test('a caller that joins a read which finds nothing shares a second one: the fact may be new', async () => {
  const cache = openCache({ limit })
  let reads = 0
  let there: Fact | undefined
  const read = async () => {
    reads++
    const seen = there
    await tick(3)
    return seen
  }
  const readMany = async (ids: number[]) =>
    new Map([[ids[0]!, await read()]].flatMap(([id, fact]) => (fact ? [[id as number, fact as Fact] as const] : [])))
  const early = cache.get('fact:id:1', read)
  there = { value: 1 }
  const late = await Promise.all(Array.from({ length: 50 }, async () => cache.get('fact:id:1', read)))
  assert.deepEqual([await early, new Set(late.map((one) => one?.value)), reads], [undefined, new Set([1]), 2])

  there = undefined
  const earlyMany = cache.many([2], (id) => `fact:id:${id}`, readMany)
  there = { value: 2 }
  const [lateMany, lateOne] = [cache.many([2], (id) => `fact:id:${id}`, readMany), cache.get('fact:id:2', read)]
  assert.deepEqual([(await earlyMany).size, (await lateMany).get(2), await lateOne], [0, { value: 2 }, { value: 2 }])
})

test('a load that fails rejects for all callers that wait, and the next caller loads again', async () => {
  const cache = openCache({ limit })
  const broken = async (): Promise<Fact> => {
    await tick(1)
    throw new Error('broken')
  }
  const results = await Promise.allSettled([cache.get('a', broken), cache.get('a', broken)])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.deepEqual(await cache.get('a', load(1)), { value: 1 })
})

test('memory stays within the limit, and a fact larger than the limit is served but not kept', async () => {
  const cache = openCache({ limit })
  for (let index = 0; index < 100; index++) await cache.get(`key-${index}`, load(index), () => 500)
  assert.ok(cache.size().bytes <= limit && cache.size().entries > 5 && cache.size().entries < 20)
  assert.deepEqual(await cache.get('huge', load(1), () => limit * 10), { value: 1 })
  assert.deepEqual(await cache.get('huge', load(2)), { value: 2 })
})

test('a limit of 0 keeps nothing', async () => {
  const cache = openCache({ limit: 0 })
  assert.deepEqual(
    [await cache.get('a', load(1)), await cache.get('a', load(2)), cache.size().entries],
    [{ value: 1 }, { value: 2 }, 0],
  )
})

test('while memory is not trusted, nothing is served from it or kept', async () => {
  let isTrusted = true
  const cache = openCache({ limit, isTrusted: () => isTrusted })
  await cache.get('a', load(1))
  isTrusted = false
  assert.deepEqual([await cache.get('a', load(2)), await cache.get('b', load(2))], [{ value: 2 }, { value: 2 }])
  isTrusted = true
  assert.deepEqual(await cache.get('b', load(3)), { value: 3 })
})

test('while a key is blocked or memory not trusted, callers share reads that began after they asked', async () => {
  for (const isTrusted of [true, false]) {
    const cache = openCache({ limit, isTrusted: () => isTrusted })
    const release = cache.block(['a'])
    let [clock, reads] = [0, 0]
    const ask = async () => {
      const askedAt = clock++
      const { value: beganAt } = (await cache.get('a', async () => (reads++, { value: clock++, late: await tick(4) })))!
      assert.ok(beganAt > askedAt, `asked at ${askedAt}, read at ${beganAt}`)
    }
    const all: Promise<void>[] = []
    for (let wave = 0; wave < 20; wave++) {
      for (let one = 0; one < 50; one++) all.push(ask())
      await tick(3)
    }
    await Promise.all(all)
    assert.ok(reads >= 3 && reads <= 45, `${reads} reads for 1000 callers`)
    assert.equal(cache.size().entries, 0)
    release()
  }
})

test('a read that fails while a key is blocked rejects for its callers, and the next one runs', async () => {
  const cache = openCache({ limit })
  const release = cache.block(['a'])
  const broken = async (): Promise<Fact> => {
    await tick(2)
    throw new Error('broken')
  }
  const results = await Promise.allSettled([cache.get('a', broken), cache.get('a', load(7)), cache.get('a', load(7))])
  assert.deepEqual(
    results.map((one) => (one.status === 'fulfilled' ? one.value : one.status)),
    ['rejected', { value: 7 }, { value: 7 }],
  )
  assert.deepEqual(await cache.get('a', load(8)), { value: 8 })
  release()
})

test('blocks of one key add up, and a release counts once', async () => {
  const cache = openCache({ limit })
  const [first, second] = [cache.block(['a']), cache.block(['a'])]
  first()
  first()
  await cache.get('a', load(1))
  assert.equal(cache.size().entries, 0)
  second()
  await cache.get('a', load(1))
  assert.equal(cache.size().entries, 1)
})

test('S1-05: a fact is read again when it has expired, even if it did not change', async () => {
  const cache = openCache({ limit, expireMs: 40 })
  await cache.get('a', load(1))
  assert.deepEqual(await cache.get('a', load(2)), { value: 1 })
  await sleep(60)
  assert.deepEqual(await cache.get('a', load(3)), { value: 3 })
})

test('a step that found all its facts in memory is told of a change of any of them before its commit', async () => {
  let isTrusted = true
  const cache = openCache({ limit, isTrusted: () => isTrusted })
  const step = () => [cache.get('a', load(1)), cache.get('b', load(1))]
  const keep = async () => {
    await cache.get('a', load(1))
    await cache.get('b', load(1))
  }
  assert.equal(cache.watch(step).facts, undefined, 'nothing was in memory')
  await keep()
  assert.equal(cache.watch(() => 'no facts').facts, undefined)
  const hits = () => cache.counts()[0]!.counts.hit
  for (const key of ['a', 'b']) {
    const before = hits()
    const { result, facts } = cache.watch(step)
    assert.deepEqual(result, [{ value: 1 }, { value: 1 }])
    assert.equal(facts!.areTrue(), true)
    assert.equal(hits(), before + 4)
    isTrusted = false
    assert.equal(facts!.areTrue(), false)
    isTrusted = true
    const release = cache.block([key])
    assert.equal(facts!.areTrue(), false)
    assert.equal(cache.watch(step).facts, undefined, 'a blocked fact is not in memory')
    release()
    await keep()
    assert.equal(facts!.areTrue(), false, 'the fact is another one now')
    assert.equal(hits(), before + 4 + 1 + 1)
  }
  const { facts } = cache.watch(step)
  cache.clear()
  assert.equal(facts!.areTrue(), false)
})

test('a step whose facts were displaced, and one that fails, leave nothing behind', async () => {
  const cache = openCache({ limit: 1000 })
  await cache.get('a', load(1))
  const { facts } = cache.watch(() => cache.get('a', load(2)))
  await cache.get('b', load(1), () => 600)
  assert.equal(facts!.areTrue(), false)
  const failing = () => {
    throw new Error('no')
  }
  assert.throws(() => cache.watch(failing), /no/)
  assert.throws(() => cache.watch(() => cache.watch(() => 1)), /one step is watched at a time/)
  assert.equal(cache.watch(() => cache.get('b', load(2))).facts?.areTrue(), true)
})

test('several facts at once come from memory, from one load, or from a load that other callers began', async () => {
  const cache = openCache({ limit })
  const loads: number[][] = []
  const load = async (ids: number[]) => (
    loads.push(ids),
    await tick(3),
    new Map(ids.filter((id) => id > 0).map((id) => [id, { value: id }]))
  )
  const ask = (...ids: number[]) => cache.many(ids, (id) => `fact:id:${id}`, load)
  await ask(1, 2)
  const [some, others] = await Promise.all([ask(2, 3, -1, 3), ask(3, 4, 1)])
  assert.deepEqual(loads, [[1, 2], [3, -1], [4]])
  assert.deepEqual([new Set(some.keys()), new Set(others.keys())], [new Set([2, 3]), new Set([1, 3, 4])])
})

test('of several facts at once, one whose key is blocked is read by each caller anew and not kept', async () => {
  const cache = openCache({ limit })
  let reads = 0
  const load = async (ids: number[]) => (reads++, await tick(2), new Map(ids.map((id) => [id, { value: reads }])))
  const ask = () => cache.many([1, 2], (id) => `fact:id:${id}`, load)
  const release = cache.block(['fact:id:1'])
  const [one, two] = await Promise.all([ask(), ask()])
  assert.deepEqual([reads, cache.size().entries], [2, 1])
  assert.equal(one.get(2), two.get(2))
  release()
  await ask()
  assert.equal(cache.size().entries, 2)
})

test('flushing a resource forgets its facts and reads under way, and no others', async () => {
  const cache = openCache({ limit })
  await cache.get('fact:id:1', load(1))
  await cache.get('other:id:1', load(1))
  const reading = cache.get('fact:id:2', async () => (await tick(5), { value: 1 }))
  assert.equal(cache.flush('fact'), 1)
  await reading
  assert.deepEqual(
    [...cache.entries()].map(({ key }) => key),
    ['other:id:1'],
  )
})

test('facts of a resource that is never kept are read each time', async () => {
  const cache = openCache({ limit, never: new Set(['fact']) })
  assert.deepEqual(
    [await cache.get('fact:id:1', load(1)), await cache.get('fact:id:1', load(2)), cache.size().entries],
    [{ value: 1 }, { value: 2 }, 0],
  )
})

test('clearing forgets all facts, and reads under way keep nothing', async () => {
  const cache = openCache({ limit })
  await cache.get('a', load(1))
  const reading = cache.get('b', async () => (await tick(5), { value: 1 }))
  cache.clear()
  await reading
  assert.equal(cache.size().entries, 0)
})

/** Caches that lack one precaution each, to show that the test below notices it. */
const broken: Record<string, (cache: Cache) => Cache> = {
  'does not forget before the commit': (cache) => ({ ...cache, block: () => () => {} }),
  'lets keys be kept again before the commit': (cache) => ({
    ...cache,
    block: (keys) => (cache.block(keys)(), () => {}),
  }),
  'keeps facts that were read meanwhile': naive,
}

test('a value read before a commit is never served after it, in any of 400 interleavings', async () => {
  for (let seed = 1; seed <= 400; seed++)
    assert.equal(await findStale(openCache({ limit }), seed), undefined, `seed ${seed}`)
})

for (const [how, breakIt] of Object.entries(broken)) {
  test(`the same interleavings catch a cache that ${how}`, async () => {
    let caught = 0
    for (let seed = 1; seed <= 400 && caught === 0; seed++)
      if ((await findStale(breakIt(openCache({ limit })), seed)) !== undefined) caught = seed
    assert.notEqual(caught, 0)
  })
}

/** A naive cache: it forgets keys before and after the commit, and keeps every fact that was read. */
function naive(cache: Cache): Cache {
  const kept = new Map<string, object>()
  const forget = (keys: Iterable<string>) => [...keys].forEach((key) => kept.delete(key))
  return {
    ...cache,
    async get<Value extends object>(key: string, read: () => Promise<Value | undefined>) {
      const value = (kept.get(key) as Value | undefined) ?? (await read())
      if (value) kept.set(key, value)
      return value
    },
    block(keys) {
      const all = [...keys]
      forget(all)
      return () => forget(all)
    },
  }
}

/**
 * Lets writers and readers use two keys; each step of theirs and of the database takes a random number of turns. A read
 * that began after a write was acknowledged, or after another read returned, must see that value or a later one.
 * Returns the first violation.
 */
async function findStale(cache: Cache, seed: number): Promise<string | undefined> {
  const random = randomOf(seed)
  const pause = () => tick(Math.floor(random() * 5))
  const truth = new Map<string, number>()
  const settled = new Map<string, number>()
  const raise = (key: string, value: number) => settled.set(key, Math.max(settled.get(key) ?? 0, value))
  let stale: string | undefined
  const pick = () => (random() < 0.5 ? 'a' : 'b')
  const write = async () => {
    const key = pick()
    await pause()
    const release = cache.block([key])
    await pause()
    const value = (truth.get(key) ?? 0) + 1
    truth.set(key, value)
    await pause()
    release()
    raise(key, value)
  }
  const read = async () => {
    const key = pick()
    await pause()
    const least = settled.get(key) ?? 0
    const seen = await cache.get(key, async () => {
      await pause()
      const value = truth.get(key) ?? 0
      await pause()
      return { value }
    })
    const { value } = seen!
    if (value < least) stale ??= `${key} was ${least} when asked and came back as ${value}`
    raise(key, value)
  }
  const loop = async (work: () => Promise<void>, count: number) => {
    for (let index = 0; index < count; index++) await work()
  }
  await Promise.all([loop(write, 6), loop(write, 6), loop(read, 12), loop(read, 12), loop(read, 12)])
  return stale
}

async function tick(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve()
}
