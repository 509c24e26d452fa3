import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { sql } from '../db/sql.ts'
import { openLog } from '../observe/log.ts'
import { addTasks, enqueue, openExecution } from './enqueue.ts'
import { handler, jobType, JobPostponed, type JobHandler, type JobType } from './type.ts'
import { openWorkers } from './workers.ts'

let marina: TestMarina
before(async () => void (marina = await openTestMarina({ MARINA_WORKERS: 'none' })))
after(() => marina?.[Symbol.asyncDispose]())

const open = (handlers: JobHandler[]) =>
  openWorkers({
    db: marina.ground.db,
    handlers,
    log: openLog({ level: 'silent', format: 'json' }),
    concurrency: 12,
    leaseMs: 15_000,
    logBytes: 4096,
    drainMs: 50,
  })

type To = { to: string }

/** Adds so many tasks for one server to an execution of their own. */
const addFor = (type: JobType<To>, to: string, count: number) =>
  marina.ground.db.transaction(async (tx) => {
    const id = await openExecution(tx, { vendorType: type.name, trigger: 'MANUAL' })
    await addTasks(
      tx,
      id,
      type,
      Array.from({ length: count }, () => ({ to })),
    )
    return id
  })

const statusOf = async (executionId: number) =>
  (await marina.ground.db.row<{ status: string; left: number }>(
    sql`select status, unfinished as left from execution where id = ${executionId}`,
  ))!

test('S3-15: a slow server with a long queue holds up no other, and its own tasks all end in the end', async () => {
  const type = jobType<To>({ name: 'FAIR', concurrency: 8, lane: ({ to }) => to })
  const released = Promise.withResolvers<void>()
  const running = new Map<string, number>()
  const most = new Map<string, number>()
  const run = handler(type, async ({ params: { to }, signal }) => {
    running.set(to, (running.get(to) ?? 0) + 1)
    most.set(to, Math.max(most.get(to) ?? 0, running.get(to)!))
    if (to === 'slow') {
      const aborted = Promise.withResolvers<never>()
      signal.addEventListener('abort', () => aborted.reject(signal.reason as Error), { once: true })
      await Promise.race([released.promise, aborted.promise])
    }
    running.set(to, running.get(to)! - 1)
  })
  const slow = await addFor(type, 'slow', 40)
  await using _workers = await open([run])
  await eventually(() => assert.ok((running.get('slow') ?? 0) > 0))
  const quick = [await addFor(type, 'a', 10), await addFor(type, 'b', 10)]
  for (const id of quick) await eventually(async () => assert.equal((await statusOf(id)).status, 'Success'))
  assert.equal((await statusOf(slow)).left, 40)
  assert.ok(most.get('slow')! <= 6, `${most.get('slow')} of 8 places`)
  released.resolve()
  await eventually(async () => assert.equal((await statusOf(slow)).status, 'Success'))
  const { runs } = (await marina.ground.db.row<{ runs: number }>(
    sql`select max(run_count) as runs from task where execution_id = ${slow}`,
  ))!
  assert.equal(runs, 1)
})

test('a job that is postponed runs again after its pause, and that counts as no try', async () => {
  const type = jobType({ name: 'POSTPONED', maxTries: 1 })
  let runs = 0
  const run = handler(type, async ({ attempt }) => {
    assert.equal(attempt, 1)
    if (++runs < 4) throw new JobPostponed('not yet', 20)
  })
  const { executionId } = await marina.ground.db.transaction((tx) =>
    enqueue(tx, type, { params: {}, trigger: 'MANUAL' }),
  )
  await using _workers = await open([run])
  await eventually(async () => assert.equal((await statusOf(executionId)).status, 'Success'))
  assert.equal(runs, 4)
})
