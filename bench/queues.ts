/**
 * The trial behind docs/decisions/0005-job-queue.md: pg-boss and graphile-worker on the same questions, on an empty database.
 *
 *     BENCH_DATABASE_URL=postgres://... node bench/queues.ts [boss-batches|boss-single|graphile-flags|graphile-local] [--jobs 10000] [--many 50000]
 *
 * Ten jobs at once on either side. Enqueued one by one inside transactions of our own, as a push does, and in bulk.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Logger, runMigrations, runTaskList, type WorkerPool } from 'graphile-worker'
import { Pool } from 'pg'
import { PgBoss } from 'pg-boss'

type Job = { sentAt: number }
/** One candidate, on one queue. */
type Queue = {
  name: string
  /** One job, inside a transaction that is open on `client`. */
  send(client: { query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> }, job: Job): Promise<void>
  sendMany(count: number): Promise<void>
  work(handle: (job: Job) => Promise<void>): Promise<() => Promise<void>>
  /** Rows and bytes of its table of jobs. */
  size(): Promise<string>
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { jobs: { type: 'string', default: '10000' }, many: { type: 'string', default: '50000' }, rounds: { type: 'string', default: '3' } } })
const url = process.env['BENCH_DATABASE_URL']
if (!url) throw new Error('BENCH_DATABASE_URL is not set')
const pool = new Pool({ connectionString: url, max: 16 })

const kinds = { 'boss-batches': openBoss('batches'), 'boss-single': openBoss('single'), 'graphile-flags': openGraphile('flags'), 'graphile-local': openGraphile('local queue') }
for (const [kind, open] of Object.entries(kinds)) {
  if (positionals.length > 0 && !positionals.includes(kind)) continue
  const queue = await open()
  const [jobs, many, rounds] = [Number(values.jobs), Number(values.many), Number(values.rounds)]
  console.log(`== ${queue.name}`)
  await oneByOne(queue, 1000)
  await drain(queue, 1000)
  for (let round = 0; round < 2; round++) {
    await queue.sendMany(jobs)
    console.log(`  finish ${jobs}: ${await drain(queue, jobs)} jobs/s`)
  }
  for (let round = 0; round < rounds; round++) {
    await queue.sendMany(many)
    console.log(`  round ${round + 1} of ${many}: ${await drain(queue, many)} jobs/s, table ${await queue.size()}`)
  }
  await latency(queue)
  await idle(queue)
}
await pool.end()

async function oneByOne(queue: Queue, count: number): Promise<void> {
  const started = performance.now()
  const client = await pool.connect()
  for (let index = 0; index < count; index++) {
    await client.query('begin')
    await queue.send(client, { sentAt: performance.now() })
    await client.query('commit')
  }
  client.release()
  console.log(`  enqueue in a transaction, one client: ${Math.round(count / (performance.now() - started) * 1000)} jobs/s`)
}

async function drain(queue: Queue, count: number): Promise<number> {
  let done = 0
  const started = performance.now()
  let finish = () => {}
  const all = new Promise<void>((resolve) => (finish = resolve))
  const stop = await queue.work(async () => {
    if (++done === count) finish()
  })
  const late = setTimeout(finish, 120_000)
  await all
  clearTimeout(late)
  const rate = Math.round(done / (performance.now() - started) * 1000)
  await stop()
  return rate
}

async function latency(queue: Queue): Promise<void> {
  const times: number[] = []
  const stop = await queue.work(async ({ sentAt }) => void times.push(performance.now() - sentAt))
  await sleep(1000)
  const client = await pool.connect()
  for (let index = 0; index < 200; index++) {
    await client.query('begin')
    await queue.send(client, { sentAt: performance.now() })
    await client.query('commit')
    await sleep(10 + Math.random() * 20)
  }
  client.release()
  await sleep(2500)
  await stop()
  times.sort((a, b) => a - b)
  console.log(`  pickup of ${times.length}: p50 ${times[times.length >> 1]?.toFixed(1)} ms, p95 ${times[Math.floor(times.length * 0.95)]?.toFixed(1)} ms`)
}

async function idle(queue: Queue): Promise<void> {
  const stop = await queue.work(async () => {})
  const count = async () => Number((await pool.query<{ count: string }>('select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()')).rows[0]!.count)
  await sleep(3000)
  const before = await count()
  await sleep(15_000)
  console.log(`  idle: ${((await count() - before) / 15).toFixed(1)} transactions/s`)
  await stop()
}

function openBoss(kind: 'single' | 'batches') {
  return async (): Promise<Queue> => {
    const boss = new PgBoss({ connectionString: url!, max: 12, useListenNotify: true, schedule: false })
    boss.on('error', (error) => console.error(error))
    await boss.start()
    const name = kind
    await boss.createQueue(name, { notify: true, deleteAfterSeconds: 60 })
    return {
      name: `pg-boss, ${kind}`,
      async send(client, job) {
        await boss.send(name, job, { db: { executeSql: (text, values) => client.query(text, values) } })
      },
      async sendMany(count) {
        for (let left = count; left > 0; left -= 1000) await boss.insert(name, Array.from({ length: Math.min(1000, left) }, () => ({ data: { sentAt: performance.now() } })))
        await pool.query('analyze')
      },
      async work(handle) {
        const common = { pollingIntervalSeconds: 0.5, burstWhenBatchFull: true } as const
        if (kind === 'single') await boss.work<Job>(name, { ...common, localConcurrency: 10, batchSize: 1 }, async ([job]) => handle(job!.data))
        else await boss.work<Job>(name, { ...common, localConcurrency: 2, batchSize: 50, perJobResults: true }, async (jobs) => Promise.all(jobs.map(async ({ id, data }) => {
          await handle(data)
          return { id, status: 'completed' as const }
        })))
        return () => boss.offWork(name)
      },
      size: () => sizeOf('pgboss.job_common', 'pgboss.job'),
    }
  }
}

function openGraphile(kind: 'flags' | 'local queue') {
  return async (): Promise<Queue> => {
    const logger = new Logger(() => () => {})
    await runMigrations({ connectionString: url!, logger })
    const add = `select graphile_worker.add_job('small', $1::json, flags => array['small'])`
    return {
      name: `graphile-worker, ${kind}`,
      async send(client, job) {
        await client.query(add, [JSON.stringify(job)])
      },
      async sendMany(count) {
        for (let left = count; left > 0; left -= 1000) {
          await pool.query(`select count(*) from graphile_worker.add_jobs(array(select ('small', '{"sentAt":0}', null, null, null, null, null, array['small'])::graphile_worker.job_spec from generate_series(1, $1)))`, [Math.min(1000, left)])
        }
        await pool.query('analyze')
      },
      async work(handle) {
        const shared = { concurrency: 10, pollInterval: 2000, noHandleSignals: true, logger }
        const options = kind === 'flags' ? { ...shared, forbiddenFlags: () => ['another'] } : { ...shared, preset: { worker: { concurrentJobs: 10, localQueue: { size: 500 }, completeJobBatchDelay: 0 } } }
        const worker: WorkerPool = runTaskList(options, { small: (payload) => handle(payload as Job) }, pool)
        return async () => {
          await worker.gracefulShutdown()
        }
      },
      size: () => sizeOf('graphile_worker._private_jobs', 'graphile_worker._private_jobs'),
    }
  }
}

async function sizeOf(relation: string, rows: string): Promise<string> {
  const { rows: [row] } = await pool.query<{ rows: string; bytes: string }>(`select (select count(*) from ${rows}) as rows, pg_total_relation_size('${relation}') as bytes`)
  return `${row!.rows} rows, ${(Number(row!.bytes) / 2 ** 20).toFixed(1)} MiB`
}
