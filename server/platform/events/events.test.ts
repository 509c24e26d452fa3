import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually } from '../../testing/http.ts'
import { openTestDatabase } from '../../testing/postgres.ts'
import { untilWaiting } from '../../testing/rival.ts'
import { openDb, type Db, type Tx } from '../db/db.ts'
import { migrate } from '../db/migrate.ts'
import { sql } from '../db/sql.ts'
import { openLog } from '../observe/log.ts'
import { answering } from './asking.ts'
import { openDispatcher, type Dispatcher, type DispatcherOptions } from './dispatcher.ts'
import { emit } from './emit.ts'
import { listParked, replay } from './places.ts'
import { checkReactions, type Reaction, type Told } from './reaction.ts'

const log = openLog({ level: 'silent', format: 'json' })
const topics = new Set(['thing.done', 'thing.undone'])

async function openFacts(): Promise<{ db: Db; url: string } & AsyncDisposable> {
  const database = await openTestDatabase(prepare)
  const db = openDb({
    url: database.url,
    poolSize: 12,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 10_000,
    lockTimeoutMs: 5000,
  })
  return {
    db,
    url: database.url,
    async [Symbol.asyncDispose]() {
      await db.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function prepare(url: string): Promise<void> {
  const db = openDb({ url, poolSize: 2, acquireTimeoutMs: 5000, statementTimeoutMs: 10_000, lockTimeoutMs: 5000 })
  const client = await db.connect()
  await migrate(client, join(import.meta.dirname, '../../migrations'))
  await client.query('create table kept (fact_id bigint, n int)')
  await client.end()
  await db.close()
}

const done = (n: number) => ({ topic: 'thing.done', payload: { n } })
const emitDone = (db: Db, ...all: number[]) => db.transaction((tx) => emit(tx, all.map(done)))
const open = (db: Db, reactions: Reaction[], options: Partial<DispatcherOptions> = {}): Promise<Dispatcher> =>
  openDispatcher({ db, log, topics, reactions, pollMs: 50, backOffMs: 1, ...options })

/** A reaction that notes the facts it gets, in their order. */
function noting(name: string, heard: unknown[], more: Partial<Reaction> = {}): Reaction {
  return {
    name,
    topics: ['thing.done'],
    begins: 'first',
    handle: async (_, facts) => void heard.push(...facts.map(({ payload }) => payload.n)),
    ...more,
  }
}

const upTo = (end: number) => Array.from({ length: end }, (_, n) => n)

test('S4-14, S4-16: every reaction to a topic gets its facts, in order, with the request they came from', async () => {
  await using at = await openFacts()
  const [first, second, undone, whole]: [unknown[], unknown[], unknown[], Told[]] = [[], [], [], []]
  await using _ = await open(at.db, [
    noting('first', first),
    noting('second', second),
    noting('undone', undone, { topics: ['thing.undone'] }),
    noting('whole', [], { topics: 'all', handle: async (_, facts) => void whole.push(...facts) }),
  ])
  await answering({ address: '192.0.2.7', requestId: 'r-1' }, () => emitDone(at.db, 0, 1))
  await at.db.transaction((tx) => emit(tx, [{ topic: 'thing.undone', payload: { n: 9 } }]))
  await emitDone(at.db, 2)
  await eventually(() => assert.equal(whole.length, 4))
  await eventually(() => assert.deepEqual([first, second, undone], [[0, 1, 2], [0, 1, 2], [9]]))
  assert.deepEqual(
    whole.map(({ address, requestId }) => [address, requestId]),
    [
      ['192.0.2.7', 'r-1'],
      ['192.0.2.7', 'r-1'],
      [null, null],
      [null, null],
    ],
  )
})

test('a fact whose transaction commits late is handed over, after later ones that committed before it', async () => {
  await using at = await openFacts()
  const heard: unknown[] = []
  await using _ = await open(at.db, [noting('keeper', heard)])
  const isWritten = Promise.withResolvers<void>()
  const mayCommit = Promise.withResolvers<void>()
  const slow = at.db.transaction(async (tx) => {
    await emit(tx, [done(1)])
    isWritten.resolve()
    await mayCommit.promise
  })
  await isWritten.promise
  // Facts written meanwhile do not wait for the slow transaction.
  await emitDone(at.db, 2)
  await eventually(() => assert.deepEqual(heard, [2]))
  mayCommit.resolve()
  await slow
  await eventually(() => assert.deepEqual(heard, [2, 1]))
})

test('facts about one row come in the order of its changes, whichever transaction began first', async () => {
  await using at = await openFacts()
  await at.db.run(sql`insert into kept (fact_id, n) values (0, 0)`)
  const heard: number[] = []
  await using _ = await open(at.db, [noting('keeper', heard)], { batch: 5 })
  const change = async (tx: Tx) => {
    // The transaction gets its number before it changes the row.
    await tx.run(sql`insert into installation (name, value) values (${Math.random().toString()}, '')`)
    const row = await tx.row<{ n: number }>(sql`update kept set n = n + 1 where fact_id = 0 returning n`)
    await emit(tx, [done(row!.n)])
  }
  const bystander = async (tx: Tx) => {
    await tx.run(sql`insert into installation (name, value) values (${Math.random().toString()}, '')`)
    await tx.rows(sql`select pg_sleep(0.02)`)
  }
  await Promise.all([
    ...upTo(120).map(() => at.db.transaction(change)),
    ...upTo(20).map(() => at.db.transaction(bystander)),
  ])
  await eventually(() => assert.equal(heard.length, 120))
  assert.deepEqual(
    heard,
    upTo(120).map((n) => n + 1),
  )
})

test('S4-12, S4-18: a reaction that fails is retried and holds up no other', async () => {
  await using at = await openFacts()
  const [good, bad]: [unknown[], number[]] = [[], []]
  let refusals = 3
  await using _ = await open(at.db, [
    noting('good', good),
    noting('bad', [], {
      async handle(tx, facts) {
        await tx.run(
          sql`
            insert into kept (fact_id, n)
            select 0, n from unnest(${facts.map(({ payload }) => payload.n)}::int[]) as n`,
        )
        if (facts.some(({ payload }) => payload.n === 5) && refusals-- > 0) throw new Error('not yet')
        bad.push(...facts.map(({ payload }) => payload.n as number))
      },
    }),
  ])
  await emitDone(at.db, ...upTo(10))
  await eventually(() => assert.deepEqual(good, upTo(10)))
  await eventually(() => assert.deepEqual(bad, upTo(10)))
  const kept = await at.db.rows<{ n: number }>(sql`select n from kept order by n`)
  assert.deepEqual(
    kept.map(({ n }) => n),
    upTo(10),
    'what a failed try wrote is gone',
  )
})

test('a fact that is refused again and again is parked for an administrator, and the others go on', async () => {
  await using at = await openFacts()
  const heard: unknown[] = []
  let isMended = false
  await using dispatcher = await open(
    at.db,
    [
      noting('picky', heard, {
        async handle(_, facts) {
          if (!isMended && facts.some(({ payload }) => payload.n === 2)) throw new Error('not this one')
          heard.push(...facts.map(({ payload }) => payload.n))
        },
      }),
    ],
    { tries: 3 },
  )
  await emitDone(at.db, ...upTo(6))
  await eventually(() => assert.deepEqual(heard, [0, 1, 3, 4, 5]))
  const [parked] = await listParked(at.db, 'picky')
  assert.deepEqual([parked!.payload, parked!.trouble], [{ n: 2 }, 'Error: not this one'])
  assert.deepEqual(
    (await dispatcher.standings()).map((one) => [one.handler, one.parked, one.behind]),
    [['picky', 1, 0]],
  )
  assert.deepEqual(await dispatcher.retryParked('picky'), { taken: 0, left: 1 })
  isMended = true
  assert.deepEqual(await dispatcher.retryParked('picky'), { taken: 1, left: 0 })
  assert.deepEqual([heard.at(-1), await listParked(at.db, 'picky')], [2, []])
})

test('S4-17: a reaction runs in one process at a time, and no fact is handed over twice', async () => {
  await using at = await openFacts()
  const heard: number[] = []
  let [running, most] = [0, 0]
  const reaction = noting('stateful', [], {
    async handle(tx, facts) {
      most = Math.max(most, ++running)
      await tx.rows(sql`select pg_sleep(0.005)`)
      heard.push(...facts.map(({ payload }) => payload.n as number))
      running--
    },
  })
  await using second = new AsyncDisposableStack()
  const other = openDb({
    url: at.url,
    poolSize: 4,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 10_000,
    lockTimeoutMs: 5000,
  })
  second.defer(() => other.close())
  second.use(await open(other, [reaction], { batch: 3 }))
  await using _ = await open(at.db, [reaction], { batch: 3 })
  await Promise.all(upTo(100).map((n) => emitDone(n % 2 ? other : at.db, n)))
  await eventually(() => assert.equal(heard.length, 100))
  assert.deepEqual([most, [...heard].sort((a, b) => a - b)], [1, upTo(100)])
})

test('a parked fact that is handed over again waits until the reaction has taken its current facts', async () => {
  await using at = await openFacts()
  let [isMended, running, most] = [false, 0, 0]
  const { promise: isBusy, resolve: busy } = Promise.withResolvers<void>()
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
  await using dispatcher = await open(
    at.db,
    [
      noting('stateful', [], {
        async handle(_, [fact]) {
          if (!isMended) throw new Error('not yet')
          most = Math.max(most, ++running)
          if (fact!.payload.n === 1) {
            busy()
            await mayGoOn
          }
          running--
        },
      }),
    ],
    { tries: 1 },
  )
  await emitDone(at.db, 0)
  await eventually(async () => assert.equal((await listParked(at.db, 'stateful')).length, 1))
  isMended = true
  await emitDone(at.db, 1)
  await isBusy
  const retrying = dispatcher.retryParked('stateful')
  await Promise.race([retrying, untilWaiting(at.db)])
  goOn()
  assert.deepEqual(await retrying, { taken: 1, left: 0 })
  assert.equal(most, 1)
})

test('when a batch is too large for the statement timeout, the facts come in smaller batches', async () => {
  await using at = await openFacts()
  const heard: unknown[] = []
  await using _ = await open(at.db, [
    noting('slow', heard, {
      async handle(tx, facts) {
        if (facts.length > 10)
          await tx.run(
            sql`do $$ begin
              raise exception 'canceling statement due to statement timeout' using errcode = '57014';
            end $$`,
          )
        heard.push(...facts.map(({ payload }) => payload.n))
      },
    }),
  ])
  await emitDone(at.db, ...upTo(50))
  await eventually(() => assert.deepEqual(heard, upTo(50)))
})

test('a fact is parked whatever characters the error that refuses it has', async () => {
  await using at = await openFacts()
  await using _ = await open(
    at.db,
    [noting('picky', [], { handle: async () => Promise.reject(new SyntaxError('Unexpected token \0')) })],
    { tries: 1 },
  )
  await emitDone(at.db, 0)
  await eventually(async () =>
    assert.deepEqual(
      (await listParked(at.db, 'picky')).map(({ trouble }) => trouble),
      ['SyntaxError: Unexpected token '],
    ),
  )
})

test('F07: when a process is killed while it takes facts, none is lost, and its writes happen once', async () => {
  await using at = await openFacts()
  await emitDone(at.db, ...upTo(40))
  for (const count of ['3', '10']) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'events.test-child.ts'), at.url, count], {
      stdio: 'inherit',
    })
    assert.equal((await once(child, 'exit'))[1], 'SIGKILL')
  }
  await using _ = await open(at.db, [
    noting('keeper', [], {
      handle: async (tx, facts) =>
        void (await tx.run(sql`
          insert into kept (fact_id, n)
          select 0, n from unnest(${facts.map(({ payload }) => payload.n)}::int[]) as n`)),
    }),
  ])
  const kept = async () => (await at.db.rows<{ n: number }>(sql`select n from kept order by n`)).map(({ n }) => n)
  await eventually(async () => assert.equal((await kept()).length, 40))
  assert.deepEqual(await kept(), upTo(40))
})

test('facts that a reaction emits itself are handed over, too', async () => {
  await using at = await openFacts()
  const heard: unknown[] = []
  await using _ = await open(at.db, [
    noting('chain', heard, {
      async handle(tx, facts) {
        const numbers = facts.map(({ payload }) => Number(payload.n))
        await emit(
          tx,
          numbers.filter((n) => n < 20).map((n) => done(n + 1)),
        )
        heard.push(...numbers)
      },
    }),
  ])
  // Transactions that commit meanwhile have later numbers than the reaction's own.
  const noise = Promise.all(upTo(50).map((n) => at.db.run(sql`insert into kept (fact_id, n) values (1, ${n})`)))
  await emitDone(at.db, 0)
  await eventually(() => assert.deepEqual(heard, upTo(21)))
  await noise
})

test('facts can be replayed to a reaction from an id on, and a new reaction begins where it says', async () => {
  await using at = await openFacts()
  await emitDone(at.db, ...upTo(5))
  const [old, fresh]: [unknown[], unknown[]] = [[], []]
  await using _ = await open(at.db, [noting('old', old), noting('fresh', fresh, { begins: 'now' })], { batch: 2 })
  await emitDone(at.db, 5)
  await eventually(() => assert.deepEqual([old, fresh], [upTo(6), [5]]))
  const { id } = (await at.db.row<{ id: number }>(sql`select id from outbox where payload = '{"n": 3}'`))!
  assert.equal(await at.db.transaction((tx) => replay(tx, 'old', id)), true)
  assert.equal(await at.db.transaction((tx) => replay(tx, 'nobody', id)), false)
  await emitDone(at.db, 6)
  await eventually(() =>
    assert.deepEqual(
      [old, fresh],
      [
        [...upTo(6), 3, 4, 5, 6],
        [5, 6],
      ],
    ),
  )
})

test('after a restore from a dump, which counts transactions anew, old and new facts are handed over', async () => {
  await using at = await openFacts()
  const heard: unknown[] = []
  await emitDone(at.db, 0, 1)
  {
    await using _ = await open(at.db, [noting('keeper', heard)])
    await eventually(() => assert.deepEqual(heard, [0, 1]))
  }
  await emitDone(at.db, 2)
  // As if written in a cluster with far higher transaction numbers: in order, and in the future of this one.
  await at.db.run(sql`update outbox set xid = (xid::text::bigint + 4000000000)::text::xid8`)
  await at.db.run(
    sql`
      update event_place set seen = (
        select format('%s:%s:', max(xid::text::bigint), max(xid::text::bigint))::pg_snapshot from outbox)`,
  )
  await using _ = await open(at.db, [noting('keeper', heard)])
  await emitDone(at.db, 3)
  await eventually(() => assert.deepEqual(heard, [0, 1, 2, 3]))
})

test('old facts are removed once every reaction has taken them, and not before', async () => {
  await using at = await openFacts()
  const heard: unknown[] = []
  let isStuck = true
  await using dispatcher = await open(
    at.db,
    [
      noting('quick', heard),
      noting('stuck', [], { handle: () => (isStuck ? Promise.reject(new Error('stuck')) : Promise.resolve()) }),
    ],
    { tries: 1000 },
  )
  await emitDone(at.db, ...upTo(3))
  await eventually(() => assert.equal(heard.length, 3))
  const count = async () => (await at.db.row<{ count: number }>(sql`select count(*) from outbox`))!.count
  const { signal } = new AbortController()
  await dispatcher.sweep(0, signal)
  assert.equal(await count(), 3)
  isStuck = false
  await eventually(async () =>
    assert.deepEqual(
      (await dispatcher.standings()).map(({ behind }) => behind),
      [0, 0],
    ),
  )
  await dispatcher.sweep(3_600_000, signal)
  assert.equal(await count(), 3)
  // The last reaction has its facts a moment before its place in the database says so.
  await eventually(async () => {
    await dispatcher.sweep(0, signal)
    assert.equal(await count(), 0)
  })
})

test('S4-13, S4-15, S4-19: a wrong list of reactions is refused at the start', () => {
  const one: Reaction = { name: 'one', topics: ['thing.done'], begins: 'now', handle: async () => {} }
  const refused = (wrong: Partial<Record<keyof Reaction, unknown>>, why: RegExp) =>
    assert.throws(() => checkReactions([one, { ...one, name: 'two', ...wrong } as Reaction], topics), why)
  refused({ name: 'one' }, /two reactions are named one/)
  refused({ topics: ['thing.done', 'thing.done'] }, /names a topic twice/)
  refused({ topics: [] }, /reacts to no topic/)
  refused({ topics: [''] }, /no feature emits/)
  refused({ topics: ['thing.dreamt'] }, /"thing.dreamt", which no feature emits/)
  refused({ handle: undefined }, /has no handler/)
  refused({ name: '' }, /needs a name/)
  checkReactions([one, { ...one, name: 'two' }], topics)
})
