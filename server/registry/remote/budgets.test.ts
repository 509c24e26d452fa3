import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { openDb, type Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { openLog } from '../../platform/observe/log.ts'
import { openOutbound } from '../../platform/outbound/outbound.ts'
import { openOtherSide, sendJson } from '../../testing/other-side.ts'
import { openTestDatabase } from '../../testing/postgres.ts'
import { openBudgets } from './budgets.ts'
import { readLimit } from './rate-limit.ts'
import { RemoteFailed, remoteName } from './remote.ts'
import { openRemotes } from './remotes.ts'

async function prepare(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  const file = join(import.meta.dirname, '../../migrations/0024-endpoint-budgets.sql')
  await client.query(await readFile(file, 'utf8'))
  await client.end()
}

/** Two processes with a database: each has its own budgets. */
async function openPair() {
  await using opened = new AsyncDisposableStack()
  const { url } = opened.use(await openTestDatabase(prepare))
  const open = () => {
    const db = openDb({ url, poolSize: 4, acquireTimeoutMs: 30_000, statementTimeoutMs: 30_000, lockTimeoutMs: 30_000 })
    opened.defer(() => db.close())
    return { db, budget: openBudgets(db).of({ id: 1, url: 'https://registry.example' }) }
  }
  const [one, other] = [open(), open()]
  const kept = opened.move()
  return { one, other, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

const rowOf = (db: Db) =>
  db.row<{ spacing: number; ahead: number }>(sql`
    select spacing_ms as spacing, (extract(epoch from next_at - paused_until) * 1000)::float8 as ahead
    from endpoint_budget where key = 'endpoint:1'`)
const refusal = (after?: string) => ({ status: 429, headers: after === undefined ? {} : { 'retry-after': after } })
const fine = { status: 200, headers: {} }
const patient = 600_000

test('an endpoint without a limit is asked at once, and leaves no row', async () => {
  await using pair = await openPair()
  assert.deepEqual(await pair.one.budget.enter(0), { ok: true })
  assert.equal(await pair.one.budget.note(fine), false)
  assert.equal(await rowOf(pair.one.db), undefined)
})

test('a pause that one process is told of holds in the other; a call without patience learns its length', async () => {
  await using pair = await openPair()
  const from = performance.now()
  assert.equal(await pair.one.budget.note(refusal('1')), true)
  assert.deepEqual(await pair.other.budget.enter(patient), { ok: true })
  assert.ok(performance.now() - from > 900)
  await pair.one.budget.note(refusal('600'))
  const short = await pair.other.budget.enter(1)
  assert.ok(!short.ok && short.waitMs > 1000 && short.waitMs <= 600_000, JSON.stringify(short))
})

test('after a refusal the calls of all processes together are spaced', async () => {
  await using pair = await openPair()
  await pair.one.budget.note(refusal('0'))
  const calls = [pair.one, pair.other, pair.one, pair.other, pair.one]
  const answers = await Promise.all(calls.map(({ budget }) => budget.enter(patient)))
  assert.deepEqual(
    answers.map(({ ok }) => ok),
    calls.map(() => true),
  )
  const { spacing, ahead } = (await rowOf(pair.one.db))!
  assert.equal(spacing, 100)
  assert.ok(ahead >= calls.length * spacing, `${ahead} ms for ${calls.length} calls`)
})

test('refusals of calls that were under way together count once; a later one doubles the spacing', async () => {
  await using pair = await openPair()
  for (const { budget } of [pair.one, pair.other, pair.one]) await budget.note(refusal('600'))
  assert.equal((await rowOf(pair.one.db))!.spacing, 100)
  await pair.one.db.run(sql`update endpoint_budget set paused_until = now()`)
  await pair.other.budget.note(refusal('0'))
  assert.equal((await rowOf(pair.one.db))!.spacing, 200)
})

test('answers without a refusal make the endpoint as fast as before, in every process', async () => {
  await using pair = await openPair()
  await pair.one.budget.note(refusal('0'))
  await pair.one.budget.enter(patient)
  for (let count = 0; count < 10; count++) await pair.one.budget.note(fine)
  assert.equal(await rowOf(pair.one.db), undefined)
  for (const { budget } of [pair.one, pair.other]) assert.deepEqual(await budget.enter(0), { ok: true })
})

test('a wait ends when its caller gives up', async () => {
  await using pair = await openPair()
  await pair.one.budget.note(refusal('600'))
  const giving = new AbortController()
  const waiting = assert.rejects(pair.one.budget.enter(patient, giving.signal), { name: 'AbortError' })
  giving.abort()
  await waiting
})

test('a run waits for an endpoint that allows nothing for now, and fails only beyond its patience', async () => {
  await using pair = await openPair()
  let refusals = 3
  await using side = await openOtherSide((request, response) => {
    if (request.url === '/v2/') return response.end('{}')
    if (refusals-- > 0) return sendJson(response, {}, 429, { 'retry-after': '0' })
    return sendJson(response, { tags: ['v1'] })
  })
  const outbound = openOutbound({ allow: ['127.0.0.1'] })
  const log = openLog({ level: 'silent', format: 'json' })
  const limits = {
    silenceMs: 60_000,
    tries: 2,
    backOffMs: 1,
    patienceMs: patient,
    manifestBytes: 65_536,
    answerBytes: 65_536,
    pages: 10,
  }
  const openRemote = openRemotes({ db: pair.one.db, outbound, log, limits })
  const name = remoteName('alpine')
  try {
    const endpoint = { id: 1, url: side.url, name: 'mirror' }
    assert.deepEqual(await openRemote(endpoint).listTags(name, { limit: 5, last: '' }), ['v1'])
    // More refusals than tries: they were waited for, and do not count as tries.
    assert.equal(side.lines().filter((line) => line.includes('/tags/list')).length, 4)
    await pair.other.budget.note(refusal('600'))
    await assert.rejects(openRemote(endpoint, { patienceMs: 0 }).listTags(name, { limit: 5, last: '' }), (error) => {
      assert.ok(error instanceof RemoteFailed && error.code === 'TOOMANYREQUESTS')
      assert.match(error.message, /^mirror: .* allows the next call in \d+ s/)
      return true
    })
  } finally {
    outbound.close()
  }
})

test('limits are read from Retry-After and from each form of RateLimit', () => {
  const now = new Date()
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000).toUTCString()
  const table: [number, Record<string, string>, boolean, number | undefined][] = [
    [200, {}, false, undefined],
    [429, {}, true, undefined],
    [429, { 'retry-after': '7' }, true, 7000],
    [503, { 'retry-after': '7' }, true, 7000],
    [503, {}, false, undefined],
    [500, { 'retry-after': '7' }, false, undefined],
    [429, { date: later(0), 'retry-after': later(30) }, true, 30_000],
    [429, { date: later(0), 'retry-after': later(-30) }, true, 0],
    [429, { 'retry-after': 'soon' }, true, undefined],
    [429, { 'retry-after': '99999999999' }, true, 24 * 3_600_000],
    [429, { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' }, true, 216_000],
    [200, { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' }, false, 216_000],
    [200, { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' }, false, undefined],
    [200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '12' }, false, 12_000],
    [200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12' }, false, 12_000],
    [200, { ratelimit: '"default";r=0;t=9' }, false, 9000],
    [200, { ratelimit: '"default";r=3;t=9' }, false, undefined],
    [200, { ratelimit: 'limit=10, remaining=0, reset=5' }, false, 5000],
    [200, { 'ratelimit-remaining': 'none', 'ratelimit-reset': '12' }, false, undefined],
  ]
  for (const [status, headers, isRefusal, pauseMs] of table) {
    const read = readLimit(status, headers)
    assert.equal(read.isRefusal, isRefusal, JSON.stringify(headers))
    // A date has whole seconds.
    if (pauseMs === undefined) assert.equal(read.pauseMs, undefined, JSON.stringify(headers))
    else assert.ok(Math.abs(read.pauseMs! - pauseMs) <= 1000, `${JSON.stringify(headers)}: ${read.pauseMs}`)
  }
})
