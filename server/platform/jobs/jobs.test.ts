import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../testing/http.ts'
import { openTestDatabase } from '../../testing/postgres.ts'
import { openDb, type Db } from '../db/db.ts'
import { migrate } from '../db/migrate.ts'
import { sql } from '../db/sql.ts'
import { openLog } from '../observe/log.ts'
import { addTasks, enqueue, openExecution } from './enqueue.ts'
import { readJobLog } from './log.ts'
import { pauseQueue, resumeQueue, stopExecution, stopPending, stopTasks } from './stop.ts'
import { requeueForgotten, rescueTasks, sweepExecutions } from './sweep.ts'
import {
  AlreadyRunning,
  handler,
  HopelessJob,
  jobType,
  type Job,
  type JobHandler,
  type JobType,
  type Outcome,
} from './type.ts'
import { prepareQueue } from './queue.ts'
import { openWorkers, type WorkersOptions } from './workers.ts'
import { pauseOf } from './run.ts'

const log = openLog({ level: 'silent', format: 'json' })
let url = ''
let db: Db
let ended: () => Promise<void>

async function prepare(to: string): Promise<void> {
  const first = openTo(to)
  const client = await first.connect()
  try {
    await migrate(client, path.join(import.meta.dirname, '../../migrations'))
  } finally {
    await client.end()
  }
  await prepareQueue(first, openLog({ level: 'silent', format: 'json' }))
  await first.close()
}

const openTo = (to: string) =>
  openDb({ url: to, poolSize: 8, acquireTimeoutMs: 5000, statementTimeoutMs: 20_000, lockTimeoutMs: 5000 })

before(async () => {
  const database = await openTestDatabase(prepare)
  url = database.url
  db = openTo(url)
  ended = async () => {
    await db.close()
    await database[Symbol.asyncDispose]()
  }
})
after(() => ended())

type Run = (job: Job) => Promise<Outcome | void>
const kind = (name: string, given: Partial<JobType> = {}) =>
  jobType({ backOff: { firstMs: 20, mostMs: 50 }, ...given, name })
const open = (handlers: JobHandler[], more: Partial<WorkersOptions> = {}, on = db) =>
  openWorkers({ db: on, handlers, log, concurrency: 10, leaseMs: 15_000, logBytes: 4096, drainMs: 50, ...more })
const ask = (type: JobType, params = {}, more = {}) =>
  db.transaction((tx) => enqueue(tx, type, { params, trigger: 'MANUAL', ...more }))

type State = {
  status: string
  message: string
  runs: number
  attrs: Record<string, unknown>
  execution: string
  executionAttrs: Record<string, unknown>
  endedAt: Date | null
}
const stateOf = async (taskId: number) =>
  (await db.row<State>(sql`
  select task.status, task.status_message as message, run_count as runs, task.extra_attrs as attrs,
    execution.status as execution, execution.extra_attrs as "executionAttrs", execution.ended_at as "endedAt"
  from task join execution on execution.id = execution_id where task.id = ${taskId}`))!
const becomes = (taskId: number, status: string) =>
  eventually(async () => {
    const state = await stateOf(taskId)
    assert.deepEqual(
      [state.status, state.execution],
      [status, status === 'Pending' ? state.execution : status],
      state.message,
    )
    return state
  })
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

test('a job runs once, with its parameters, and its execution shows the outcome', async () => {
  const type = kind('ONCE')
  const seen: unknown[] = []
  const { executionId, taskId } = await ask(
    type,
    { text: 'hello', list: [1, { a: null }] },
    { vendorId: 7, attrs: { asked: 'by me' } },
  )
  const run: Run = async ({ params, vendorId, trigger, attempt, log: say, progress }) => {
    seen.push(params, vendorId, trigger, attempt)
    say('half of it')
    progress({ done: 1, total: 2 })
    return { message: 'all of it', attrs: { count: 3 } }
  }
  await using _workers = await open([handler(type, run)])
  const state = await becomes(taskId, 'Success')
  assert.deepEqual(seen, [{ text: 'hello', list: [1, { a: null }] }, 7, 'MANUAL', 1])
  assert.deepEqual(
    [state.message, state.runs, state.attrs, state.executionAttrs],
    ['all of it', 1, { done: 1, total: 2 }, { asked: 'by me', count: 3 }],
  )
  assert.match((await readJobLog(db, taskId))!, /^\d{4}-\d\d-\d\dT.* \[INFO\] half of it\n$/)
  await eventually(async () => assert.equal(await countQueued(), 0))
  assert.ok(executionId > 0)
})

const countQueued = async () => (await db.row<{ count: number }>(sql`select count(*) from graphile_worker.jobs`))!.count

test('a job enqueued in a transaction that is rolled back does not exist', async () => {
  const type = kind('NEVER')
  await assert.rejects(
    db.transaction(async (tx) => {
      await enqueue(tx, type, { params: {}, trigger: 'EVENT' })
      throw new Error('changed my mind')
    }),
    /changed my mind/,
  )
  assert.equal(
    (await db.row<{ count: number }>(sql`select count(*) from execution where vendor_type = 'NEVER'`))!.count,
    0,
  )
  assert.equal(await countQueued(), 0)
})

test('a job that fails is retried after a bounded back-off, and ends in Error after its last try', async () => {
  const type = kind('FAILS', { maxTries: 3 })
  const attempts: number[] = []
  const { taskId } = await ask(type)
  await using _workers = await open([
    handler(type, async ({ attempt }) => {
      attempts.push(attempt)
      throw new Error(`no luck ${attempt}`)
    }),
  ])
  const state = await becomes(taskId, 'Error')
  assert.deepEqual([attempts, state.runs, state.message], [[1, 2, 3], 3, 'no luck 3'])
  assert.match(
    (await readJobLog(db, taskId))!,
    /\[ERROR\] failed, try 1 of 3, again in 0\.0 s: no luck 1\n.*try 2 of 3.*\n.*\[ERROR\] failed: no luck 3\n$/s,
  )
  for (const failures of [1, 2, 5, 60, 5000]) {
    const pause = pauseOf({ backOff: { firstMs: 1000, mostMs: 60_000 } }, failures)
    assert.ok(pause >= 750 && pause <= 75_000, `${failures}: ${pause}`)
  }
})

test('a job that throws HopelessJob ends in Error at once, and so does one that exceeds its time', async () => {
  const [hopeless, slow] = [kind('HOPELESS', { maxTries: 5 }), kind('SLOW', { timeoutMs: 100 })]
  const [one, other] = [await ask(hopeless), await ask(slow)]
  await using _workers = await open([
    handler(hopeless, async () => {
      throw new HopelessJob('the address is wrong')
    }),
    handler(slow, async ({ signal }) => untilAborted(signal)),
  ])
  assert.deepEqual(
    [(await becomes(one.taskId, 'Error')).runs, (await stateOf(one.taskId)).message],
    [1, 'the address is wrong'],
  )
  assert.equal((await becomes(other.taskId, 'Error')).message, 'took longer than 0.1 s')
})

test('a running job is stopped from another process, and a waiting one at once', async () => {
  const type = kind('STOPS', { concurrency: 1, maxTries: 5 })
  const [one, other] = [await ask(type), await ask(type)]
  await using _workers = await open([handler(type, async ({ signal }) => untilAborted(signal))])
  await becomes(one.taskId, 'Running')
  await using elsewhere = { db: openTo(url), [Symbol.asyncDispose]: () => elsewhere.db.close() }
  assert.deepEqual(await elsewhere.db.transaction((tx) => stopTasks(tx, [other.taskId])), [other.taskId])
  assert.equal((await stateOf(other.taskId)).execution, 'Stopped')
  assert.equal(await elsewhere.db.transaction((tx) => stopExecution(tx, one.executionId)), 1)
  await becomes(one.taskId, 'Stopped')
  assert.equal(await eventually(async () => (assert.equal(await countQueued(), 0), true)), true)
})

test('a job that is to be stopped is not retried, even if it ends otherwise before it is told', async () => {
  const [fails, cut] = [kind('STOPFAILS', { maxTries: 5 }), kind('STOPCUT', { maxTries: 5 })]
  const [one, other] = [await ask(fails), await ask(cut)]
  const askSilently = (taskId: number) => db.run(sql`update task set stop_asked_at = now() where id = ${taskId}`)
  {
    await using _workers = await open([
      handler(fails, async ({ taskId }) => {
        await askSilently(taskId)
        throw new Error('no luck')
      }),
      handler(cut, async ({ signal }) => untilAborted(signal)),
    ])
    assert.equal((await becomes(one.taskId, 'Stopped')).runs, 1)
    await becomes(other.taskId, 'Running')
    await askSilently(other.taskId)
  }
  assert.deepEqual(
    [(await stateOf(other.taskId)).status, (await stateOf(other.taskId)).execution],
    ['Stopped', 'Stopped'],
  )
  for (const { taskId } of [one, other]) assert.match((await readJobLog(db, taskId))!, /\[INFO\] stopped\n$/)
  assert.equal(await countQueued(), 0)
})

test('a waiting job is stopped also when a stop was asked for before, or while it is being put back', async () => {
  const type = kind('STOPTWICE', { maxTries: 5 })
  const [one, other] = [await ask(type), await ask(type)]
  await db.run(sql`update task set stop_asked_at = now() where id = ${one.taskId}`)
  assert.equal(await db.transaction((tx) => stopExecution(tx, one.executionId)), 1)
  assert.equal((await stateOf(one.taskId)).execution, 'Stopped')
  await db.run(sql`update task set status = 'Running', pool_id = 'somebody' where id = ${other.taskId}`)
  const stopping = await db.transaction(async (tx) => {
    await tx.run(sql`update task set status = 'Pending', pool_id = null where id = ${other.taskId}`)
    const stops = { done: db.transaction((at) => stopTasks(at, [other.taskId])) }
    await eventually(async () =>
      assert.ok(
        await db.row(
          sql`
            select 1 from pg_locks
            where not granted and pid in (
              select pid from pg_stat_activity where datname = current_database())`,
        ),
      ),
    )
    return stops
  })
  assert.deepEqual(await stopping.done, [other.taskId])
  assert.equal((await stateOf(other.taskId)).execution, 'Stopped')
})

test('a paused queue starts nothing, also for processes that start later, until it is resumed', async () => {
  const type = kind('PAUSED')
  await db.transaction((tx) => pauseQueue(tx, 'PAUSED'))
  const ran: number[] = []
  const work = handler(type, async ({ taskId }) => void ran.push(taskId))
  {
    await using _first = await open([work])
    await ask(type)
    await sleep(300)
  }
  await using _second = await open([work])
  const { taskId } = await ask(type)
  await sleep(300)
  assert.deepEqual(ran, [])
  await db.transaction((tx) => resumeQueue(tx, 'PAUSED'))
  await becomes(taskId, 'Success')
  await eventually(() => assert.equal(ran.length, 2))
})

test('pending jobs of a type are stopped together', async () => {
  const type = kind('CROWD')
  await db.transaction((tx) => pauseQueue(tx, 'CROWD'))
  const all = await Promise.all(Array.from({ length: 5 }, () => ask(type)))
  assert.equal(await db.transaction((tx) => stopPending(tx, 'CROWD')), 5)
  for (const { taskId } of all) assert.equal((await stateOf(taskId)).execution, 'Stopped')
})

test('jobs start in the order of their priority, and the number of a type that run at once is limited', async () => {
  const [low, high] = [kind('LOW', { priority: 5, concurrency: 2 }), kind('HIGH', { priority: -5, concurrency: 2 })]
  const order: string[] = []
  let [running, most] = [0, 0]
  const run =
    (name: string): Run =>
    async () => {
      most = Math.max(most, ++running)
      order.push(name)
      await sleep(20)
      running--
    }
  for (let index = 0; index < 6; index++) await ask(low)
  for (let index = 0; index < 6; index++) await ask(high)
  {
    await using _workers = await open([handler(low, run('low')), handler(high, run('high'))], { concurrency: 1 })
    await eventually(() => assert.equal(order.length, 12))
  }
  assert.deepEqual(order, [...Array<string>(6).fill('high'), ...Array<string>(6).fill('low')])
  for (let index = 0; index < 12; index++) await ask(low)
  await using _workers = await open([handler(low, run('low'))])
  await eventually(() => assert.equal(order.length, 24))
  // Two processes of two would be four; this is one.
  assert.ok(most <= 2, `${most} at once`)
})

test('of an alone type one job runs at a time on all processes, and the one that waits follows', async () => {
  const type = kind('ALONE', { isAlone: true })
  let [running, most, done] = [0, 0, 0]
  const work = handler(type, async () => {
    most = Math.max(most, ++running)
    await sleep(50)
    running--
    done++
  })
  await using _one = await open([work])
  await using _other = await open([work])
  await Promise.all(Array.from({ length: 6 }, () => ask(type)))
  await eventually(() => assert.equal(done, 6))
  assert.equal(most, 1)
})

test('of a single type a second execution is refused until the first has ended', async () => {
  const type = kind('SINGLE', { isSingle: true })
  const { taskId } = await ask(type)
  await assert.rejects(ask(type), AlreadyRunning)
  await ask(type, {}, { vendorId: 2 })
  await db.transaction((tx) => stopTasks(tx, [taskId]))
  await ask(type)
})

test('an execution of many tasks ends with the last of them, with the worst status of all', async () => {
  const type = kind('MANY')
  const asked = (worst: string) =>
    db.transaction(async (tx) => {
      const executionId = await openExecution(tx, { vendorType: 'MANY', trigger: 'MANUAL' })
      const ids = await addTasks(tx, executionId, type, [
        ...Array.from({ length: 20 }, () => ({ ends: 'well' })),
        { ends: worst },
      ])
      assert.equal(ids.length, 21)
      return ids
    })
  const [well, badly] = [await asked('well'), await asked('badly')]
  await using _workers = await open([
    handler(type, async ({ params }) => {
      if (params['ends'] === 'badly') throw new Error('badly')
    }),
  ])
  for (const id of well) await eventually(async () => assert.equal((await stateOf(id)).execution, 'Success'))
  for (const id of badly) await eventually(async () => assert.equal((await stateOf(id)).execution, 'Error'))
  const { succeeded, failed } = (await db.row<{ succeeded: number; failed: number }>(
    sql`select succeeded, failed from execution where vendor_type = 'MANY' and status = 'Error'`,
  ))!
  assert.deepEqual([succeeded, failed], [20, 1])
})

test('F12: the job of a killed process runs again in another one, or ends in Error after its last try', async () => {
  const [again, last] = [kind('HANG', { maxTries: 2 }), kind('HANG', { maxTries: 1 })]
  const [one, other] = [await ask(again), await ask(last)]
  const kept = await ask(kind('HANG', { maxTries: 1, countsLosses: false }))
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'jobs.test-child.ts')], {
    env: { ...process.env, MARINA_TEST_DATABASE: url, MARINA_TEST_LEASE: '3000' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await Promise.all([one, other, kept].map(({ taskId }) => becomes(taskId, 'Running')))
  child.kill('SIGKILL')
  await exited
  const finished: number[] = []
  await using _workers = await open([handler(again, async ({ taskId }) => void finished.push(taskId))], {
    leaseMs: 3000,
  })
  assert.deepEqual(
    [(await becomes(one.taskId, 'Success')).runs, (await becomes(other.taskId, 'Error')).message],
    [2, 'the process that ran this job is gone'],
  )
  assert.equal((await becomes(kept.taskId, 'Success')).runs, 2)
  assert.deepEqual(new Set(finished), new Set([one.taskId, kept.taskId]))
})

test('a process that was taken for dead ends its jobs, and their results do not count', async () => {
  const type = kind('ZOMBIE', { maxTries: 3 })
  const ends: unknown[] = []
  const { taskId } = await ask(type)
  const workers = await open(
    [
      handler(type, async ({ signal, attempt }) => {
        if (attempt === 1) await untilAborted(signal).catch((error: unknown) => ends.push(error))
      }),
    ],
    { leaseMs: 4000 },
  )
  await using _workers = workers
  await becomes(taskId, 'Running')
  // Again when the process renews its sign of life in between.
  await eventually(async () => {
    await db.run(sql`update worker_pool set heartbeat_at = 'epoch' where id = ${workers.poolId}`)
    assert.equal(await rescueTasks(db, 4000), 1)
  })
  const state = await becomes(taskId, 'Success')
  await eventually(() => assert.equal(ends.length, 1))
  assert.equal(state.runs, 2)
})

test('once another run has the task, the work and the log of an earlier run do not count', async () => {
  const type = kind('OVERTAKEN', { maxTries: 3 })
  const { taskId } = await ask(type)
  let refused: unknown
  const run: Run = async ({ attempt, log: say, keep }) => {
    say(`this is try ${attempt}`)
    if (attempt > 1) return
    // As if this process had been stopped for a while, and another one had taken the job and died.
    await db.run(sql`update task set run_count = run_count + 1, pool_id = null where id = ${taskId}`)
    const late = db.transaction(async (tx) => {
      await tx.run(sql`insert into installation (name, value) values ('late', '')`)
      await keep(tx, { isLate: true })
    })
    await late.catch((error: unknown) => (refused = error))
    throw refused
  }
  await using _workers = await open([handler(type, run)])
  const state = await becomes(taskId, 'Success')
  assert.deepEqual(
    [String(refused), state.attrs, await db.rows(sql`select name from installation where name = 'late'`)],
    ['JobAborted: the job was aborted: lease lost', {}, []],
  )
  assert.match((await readJobLog(db, taskId))!, /^\S+ \[INFO\] this is try 2\n$/)
})

test('lines that a job logs after its end are dropped', async () => {
  const type = kind('TALKS')
  const { taskId } = await ask(type)
  let later: Job['log'] | undefined
  await using _workers = await open([handler(type, async ({ log: say }) => (say('in time'), void (later = say)))])
  await becomes(taskId, 'Success')
  later!('too late')
  await sleep(600)
  assert.match((await readJobLog(db, taskId))!, /^\S+ \[INFO\] in time\n$/)
})

test('a job ends with its error, whatever characters that has', async () => {
  const type = kind('BINARY', { maxTries: 2 })
  const { taskId } = await ask(type)
  await using _workers = await open([
    handler(type, async () => {
      throw new SyntaxError('Unexpected token \0')
    }),
  ])
  const state = await becomes(taskId, 'Error')
  assert.deepEqual([state.runs, state.message], [2, 'Unexpected token '])
})

test('a job that a shutdown cuts short runs again in another process, without the loss of a try', async () => {
  const type = kind('CUT', { maxTries: 1 })
  const { taskId } = await ask(type)
  {
    await using _first = await open([handler(type, async ({ signal }) => untilAborted(signal))])
    await becomes(taskId, 'Running')
  }
  assert.equal((await stateOf(taskId)).status, 'Pending')
  await using _second = await open([handler(type, async () => {})])
  assert.equal((await becomes(taskId, 'Success')).runs, 2)
})

test('a task whose job is missing in the queue is queued again', async () => {
  const type = kind('FORGOTTEN')
  const { taskId } = await ask(type)
  await db.row(sql`select graphile_worker.remove_job(${String(taskId)})`)
  await db.run(sql`
    update task set run_at = now() - interval '2 minutes', updated_at = now() - interval '2 minutes'
    where id = ${taskId}`)
  assert.equal(await requeueForgotten(db), 1)
  await using _workers = await open([handler(type, async () => {})])
  await becomes(taskId, 'Success')
})

test('a job whose end could not be written runs again', async () => {
  const type = kind('LOST', { maxTries: 2 })
  const { taskId } = await ask(type)
  await db.row(sql`select graphile_worker.remove_job(${String(taskId)})`)
  const workers = await open([handler(type, async () => {})])
  await using _workers = workers
  await db.run(sql`update task set status = 'Running', run_count = 1, pool_id = ${workers.poolId} where id = ${taskId}`)
  assert.equal((await becomes(taskId, 'Success')).runs, 2)
})

test('a task whose job is locked by a process that could not begin it is queued again, without leftovers', async () => {
  const type = kind('HELD')
  const { taskId } = await ask(type)
  await db.run(sql`
    update graphile_worker._private_jobs set locked_at = now() - interval '5 minutes', locked_by = 'somebody'
    where key = ${String(taskId)}`)
  await db.run(sql`
    update task set run_at = now() - interval '2 minutes', updated_at = now() - interval '2 minutes'
    where id = ${taskId}`)
  assert.equal(await requeueForgotten(db), 1)
  await using _workers = await open([handler(type, async () => {})])
  await becomes(taskId, 'Success')
  await db.rows(sql`select graphile_worker.force_unlock_workers(array['somebody'])`)
  await requeueForgotten(db)
  assert.equal(
    (await db.row<{ count: number }>(sql`select count(*) from graphile_worker.jobs where key is null`))!.count,
    0,
  )
})

test('a job whose connections break runs and ends once, and stops are still heard afterwards', async () => {
  const [type, later] = [kind('BREAKS'), kind('LATER')]
  const ran: number[] = []
  const { taskId } = await ask(type)
  await using _workers = await open([
    handler(type, async ({ attempt }) => {
      ran.push(attempt)
      const client = await db.connect()
      await client.query(`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`)
      await client.end()
    }),
    handler(later, async ({ signal }) => untilAborted(signal)),
  ])
  await becomes(taskId, 'Success')
  assert.deepEqual(ran, [1])
  const other = await eventually(() => ask(later))
  await becomes(other.taskId, 'Running')
  await db.transaction((tx) => stopTasks(tx, [other.taskId]))
  await becomes(other.taskId, 'Stopped')
})

test('no living process loses its jobs when the database is away for longer than the lease', async () => {
  const type = kind('OUTAGE', { maxTries: 1 })
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const tasks = [await ask(type), await ask(type), await ask(type)]
  await using stack = new AsyncDisposableStack()
  const pools: string[] = []
  const run: Run = ({ signal }) => Promise.race([mayEnd, untilAborted(signal)])
  for (const _ of tasks)
    pools.push(stack.use(await open([handler(type, run)], { leaseMs: 2000, concurrency: 1 })).poolId)
  for (const { taskId } of tasks) await becomes(taskId, 'Running')
  const client = await db.connect()
  stack.defer(() => client.end())
  const beating = async () =>
    (
      await client.query(
        `select id from worker_pool where id = any($1) and heartbeat_at > clock_timestamp() - interval '2 seconds'`,
        [pools],
      )
    ).rowCount
  const letIn = (allowed: boolean) =>
    client.query('update pg_database set datallowconn = $1 where datname = current_database()', [allowed])
  await letIn(false)
  await client.query(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`)
  await eventually(async () => assert.equal(await beating(), 0))
  await letIn(true)
  await eventually(async () => assert.equal(await beating(), 3))
  end()
  for (const { taskId } of tasks) assert.equal((await becomes(taskId, 'Success')).runs, 1)
})

test('the log of a job is bounded and says where it ends; a job without lines has an empty log', async () => {
  const [type, quiet] = [kind('TALKS'), kind('QUIET')]
  const [one, other] = [await ask(type), await ask(quiet)]
  await using _workers = await open([
    handler(type, async ({ log: say }) => {
      for (let index = 0; index < 40; index++) {
        say(`line ${index} ${'x'.repeat(200)}\0\n${'y'.repeat(100)}`)
        if (index % 5 === 0) await sleep(300)
      }
    }),
    handler(quiet, async () => {}),
  ])
  await becomes(one.taskId, 'Success')
  const text = (await readJobLog(db, one.taskId))!
  assert.ok(text.length <= 4096 + 100 && text.length > 1000, `${text.length}`)
  assert.match(text, /the log ends here: it has reached its limit\n$/)
  assert.equal(text.split('the log ends here').length, 2)
  await becomes(other.taskId, 'Success')
  assert.equal(await readJobLog(db, other.taskId), '')
  assert.equal(await readJobLog(db, 2 ** 40), undefined)
})

test('a full log has whole lines up to its limit, and then the last words of every try', async () => {
  const type = kind('CHATTERS', { maxTries: 2 })
  const { taskId } = await ask(type)
  await using _workers = await open([
    handler(type, async ({ log: say, attempt }) => {
      for (let index = 0; index < 80; index++) say(`try ${attempt} line ${index} ${'ü'.repeat(20)}`)
      say(`try ${attempt} did half of it`, 'INFO', 'last word')
      throw new Error(`no luck ${attempt}`)
    }),
  ])
  await becomes(taskId, 'Error')
  const lines = (await readJobLog(db, taskId))!.split('\n')
  const end = lines.indexOf('the log ends here: it has reached its limit')
  const bytes = Buffer.byteLength(lines.slice(0, end).join('\n')) + 1
  assert.ok(bytes <= 4096 && bytes > 4096 - 120, `${bytes}`)
  for (const [index, line] of lines.slice(0, end).entries())
    assert.match(line, new RegExp(`^\\S+ \\[INFO\\] try 1 line ${index} ü{20}$`))
  const after = lines.slice(end + 1).map((line) => line.replace(/^\S+ /, '').replace(/in \S+ s/, 'soon'))
  assert.deepEqual(after, [
    '[INFO] try 1 did half of it',
    '[ERROR] failed, try 1 of 2, again soon: no luck 1',
    '[INFO] try 2 did half of it',
    '[ERROR] failed: no luck 2',
    '',
  ])
})

test('the bytes of last words are limited, too', async () => {
  const type = kind('MOURNS')
  const { taskId } = await ask(type)
  await using _workers = await open([
    handler(type, async ({ log: say }) => {
      for (let index = 0; index < 1000; index++) say(`word ${index} ${'x'.repeat(200)}`, 'INFO', 'last word')
    }),
  ])
  await becomes(taskId, 'Success')
  const { length } = (await readJobLog(db, taskId))!
  assert.ok(length <= 5 * 4096 && length > 4 * 4096, `${length}`)
})

test('the sweep deletes ended executions that are too old or beyond the number that is kept', async () => {
  const type = kind('SWEPT', { keep: 3 })
  await db.run(sql`
    insert into execution (vendor_type, vendor_id, trigger, status, ended_at)
    select 'SWEPT', vendor, 'MANUAL', 'Success', now() from generate_series(1, 10), unnest(array[1, 2]) as vendor`)
  await db.run(sql`
    insert into execution (vendor_type, vendor_id, trigger, status, ended_at)
    values ('SWEPT', 3, 'MANUAL', 'Success', now() - interval '40 days')`)
  const { executionId } = await ask(type, {}, { vendorId: 2 })
  const count = await sweepExecutions(db, {
    kept: [{ vendorType: 'SWEPT', keep: 3 }],
    keepOthers: 1000,
    days: 30,
    signal: new AbortController().signal,
  })
  const left = await db.rows<{ vendor: number; count: number }>(
    sql`select vendor_id as vendor, count(*) from execution where vendor_type = 'SWEPT' group by 1 order by 1`,
  )
  assert.deepEqual(
    [count, left],
    [
      16,
      [
        { vendor: 1, count: 3 },
        { vendor: 2, count: 3 },
      ],
    ],
  )
  assert.ok(await db.row(sql`select id from execution where id = ${executionId}`))
})

test('F42: thousands of waiting jobs of a type that is at its limit do not starve another type', async () => {
  const [many, few] = [kind('BACKLOG', { concurrency: 1 }), kind('OTHER')]
  await db.transaction(async (tx) => {
    const executionId = await openExecution(tx, { vendorType: 'BACKLOG', trigger: 'EVENT' })
    for (let index = 0; index < 3; index++)
      await addTasks(
        tx,
        executionId,
        many,
        Array.from({ length: 1000 }, () => ({})),
      )
  })
  await using _workers = await open([
    handler(many, async ({ signal }) => untilAborted(signal)),
    handler(few, async () => {}),
  ])
  await sleep(500)
  const { taskId } = await ask(few)
  // The running job of the other type hangs: this one ends only if it does not wait for that.
  await becomes(taskId, 'Success')
  await db.run(sql`delete from execution where vendor_type = 'BACKLOG'`)
})
