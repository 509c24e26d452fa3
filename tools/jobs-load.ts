/**
 * Load for `npm run bench -- jobs`, in a process of its own. It uses the job service as features do.
 *
 *     MARINA_BENCH_DATABASE=postgres://... node tools/jobs-load.ts ours|bare|pickup|growth <jobs>
 *
 * Prints one line of JSON. `bare` is graphile-worker without Marina's tables.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, runTaskList } from 'graphile-worker'
import { openDb } from '../server/platform/db/db.ts'
import { sql } from '../server/platform/db/sql.ts'
import { addTasks, enqueue, openExecution } from '../server/platform/jobs/enqueue.ts'
import { sweepExecutions } from '../server/platform/jobs/sweep.ts'
import { handler, jobType } from '../server/platform/jobs/type.ts'
import { openWorkers, type Workers } from '../server/platform/jobs/workers.ts'
import { openLog } from '../server/platform/observe/log.ts'

const [mode = '', count = ''] = process.argv.slice(2)
const jobs = Number(count)
const url = process.env['MARINA_BENCH_DATABASE']
const clients = 8
const type = jobType<{ at: number }>({ name: 'BENCH', concurrency: 10, maxTries: 3, keep: 50 })

if (!url || !Number.isInteger(jobs))
  throw new Error('usage: MARINA_BENCH_DATABASE=... node tools/jobs-load.ts ours|bare|pickup|growth <jobs>')
const db = openDb({
  url,
  poolSize: clients,
  acquireTimeoutMs: 60_000,
  statementTimeoutMs: 600_000,
  lockTimeoutMs: 60_000,
})
try {
  const modes: Record<string, () => Promise<unknown>> = { ours, bare, pickup, growth }
  console.log(JSON.stringify(await modes[mode]!()))
} finally {
  await db.close()
}

/** Enqueues jobs one by one, each in a transaction of its own, then waits until they have run. */
async function ours() {
  const enqueueSeconds = await inTurns(() =>
    db.transaction((tx) => enqueue(tx, type, { params: { at: 0 }, trigger: 'EVENT' })),
  )
  return { enqueueSeconds, finishSeconds: await finish(jobs) }
}

async function bare() {
  const enqueueSeconds = await inTurns(() =>
    db.transaction((tx) => tx.rows(sql`select (graphile_worker.add_job('BARE', '{}')).id`)),
  )
  const { pool, giveBack } = db.lendPool(3)
  const started = performance.now()
  await new Promise<void>((resolve) => {
    let done = 0
    const worker = runTaskList(
      {
        concurrency: 10,
        pollInterval: 2000,
        noHandleSignals: true,
        logger: new Logger(() => () => {}),
        forbiddenFlags: () => ['none'],
      },
      {
        BARE: () => {
          if (++done === jobs) void Promise.resolve(worker.gracefulShutdown()).then(resolve)
        },
      },
      pool,
    )
  })
  const finishSeconds = (performance.now() - started) / 1000
  giveBack()
  return { enqueueSeconds, finishSeconds }
}

/** From the start of the enqueuing transaction to the first line of the job, in ms. */
async function pickup() {
  const times: number[] = []
  await using _workers = await open((at) => void times.push(performance.now() - at))
  await sleep(1000)
  for (let index = 0; index < jobs; index++) {
    await db.transaction((tx) => enqueue(tx, type, { params: { at: performance.now() }, trigger: 'EVENT' }))
    await sleep(5 + Math.random() * 20)
  }
  await sleep(1000)
  const sorted = times.toSorted((a, b) => a - b)
  return {
    count: sorted.length,
    p50: sorted[sorted.length >> 1],
    p95: sorted[Math.floor(sorted.length * 0.95)],
    most: sorted.at(-1),
  }
}

/** Ten rounds, each followed by the sweep: jobs a second, and the size of the tables. */
async function growth() {
  const rounds: { rate: number; rows: number; mib: number }[] = []
  for (let round = 0; round < 10; round++) {
    const share = Math.ceil(jobs / 10)
    for (let left = share; left > 0; left -= 100) {
      await db.transaction(async (tx) => {
        const executionId = await openExecution(tx, { vendorType: type.name, trigger: 'EVENT' })
        await addTasks(
          tx,
          executionId,
          type,
          Array.from({ length: Math.min(100, left) }, () => ({ at: 0 })),
        )
      })
    }
    const seconds = await finish(share)
    await sweepExecutions(db, {
      kept: [{ vendorType: type.name, keep: type.keep }],
      keepOthers: 1000,
      days: 90,
      signal: new AbortController().signal,
    })
    const size = await db.row<{ rows: number; bytes: number }>(sql`
      select (select count(*) from task) + (select count(*) from graphile_worker.jobs) as rows,
        (
          pg_total_relation_size('task') + pg_total_relation_size('execution') +
          pg_total_relation_size('graphile_worker._private_jobs'))::bigint as bytes`)
    rounds.push({ rate: Math.round(share / seconds), rows: size!.rows, mib: Math.round(size!.bytes / 2 ** 20) })
  }
  return { rounds }
}

/** The seconds until this many jobs have run. */
async function finish(wanted: number): Promise<number> {
  const started = performance.now()
  const ran = { count: 0 }
  {
    // Closing waits until the last jobs are recorded.
    await using _workers = await open(() => void ran.count++)
    while (ran.count < wanted) await sleep(10)
  }
  return (performance.now() - started) / 1000
}

function open(run: (at: number) => void): Promise<Workers> {
  return openWorkers({
    db,
    log: openLog({ level: 'warn', format: 'text' }),
    concurrency: 10,
    leaseMs: 30_000,
    logBytes: 2 ** 20,
    drainMs: 1000,
    handlers: [handler(type, async ({ params: { at } }) => run(at))],
  })
}

async function inTurns(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  let left = jobs
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left-- > 0) await work()
    }),
  )
  return (performance.now() - started) / 1000
}
