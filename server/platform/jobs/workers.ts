import { EventEmitter } from 'node:events'
import { hostname } from 'node:os'
import { Logger, runMigrations, runTaskList, type WorkerEvents, type WorkerPool } from 'graphile-worker'
import type { Notification, PoolClient } from 'pg'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../observe/log.ts'
import { seldom } from '../observe/seldom.ts'
import { openRoom } from './room.ts'
import { runTask, type Runner } from './run.ts'
import { fireDue } from './schedule.ts'
import { channel, type Message } from './stop.ts'
import { requeue } from './store.ts'
import { giveUpLost, requeueForgotten, rescueTasks } from './sweep.ts'
import { JobAborted, type AbortCause, type JobHandler } from './type.ts'

export type WorkersOptions = {
  db: Db
  handlers: readonly JobHandler[]
  log: Log
  /** Jobs at once in this process, of all types together. */
  concurrency: number
  /** A process that says nothing for this long is taken for dead, in ms. */
  leaseMs: number
  /** Bytes of log that one task may write. */
  logBytes: number
  /** On shutdown, running jobs may end by themselves for this long, in ms; then they are aborted and run elsewhere. */
  drainMs: number
}

export type Workers = AsyncDisposable & { poolId: string; counts(): { running: number } }

/** How often each idle worker looks for jobs that nobody announced to it, in ms. */
const pollMs = 4000

/** Makes and updates the queue's own tables. Safe on many processes at once. */
export async function prepareQueue(db: Db, log: Log): Promise<void> {
  const pool = db.openPool(2)
  try {
    await runMigrations({ pgPool: pool, logger: loggerTo(log) })
  } finally {
    await pool.end()
  }
}

/** A process that runs jobs: it takes them from the queue, keeps its lease, fires schedules and looks after the dead. */
export async function openWorkers({ db, handlers, log, concurrency, leaseMs, logBytes, drainMs }: WorkersOptions): Promise<Workers> {
  const types = new Map(handlers.map(({ type }) => [type.name, type]))
  /** By task. */
  const running = new Map<number, AbortController>()
  let paused: ReadonlySet<string> = new Set(await listPaused(db))
  const onTrouble = seldom((reason, heldBack) => log.warn({ reason, heldBack }, 'the job service has trouble'))
  const closing = new AbortController()
  /** When this process last told that it lives, and from when on it may take others for dead; by its own clock, in ms. */
  let [beatAt, judgesFrom] = [performance.now(), 0]

  // The queue's own statements are short: fewer connections than jobs, and one that listens.
  const pool = db.openPool(Math.min(concurrency, 4) + 1)
  const events: WorkerEvents = new EventEmitter()
  events.on('pool:listen:success', ({ client }) => listenOn(client))
  const room = openRoom(events, types, () => paused, () => nudge(1))
  const worker = startQueue()
  // Said once, by the library's own log; unheard, it would end the process.
  worker.promise.catch(onTrouble)
  const poolId = worker.id
  const runner: Runner = { db, poolId, logBytes, onTrouble, wakeIn }
  const registered = register()
  await registered.catch(async (error: unknown) => {
    await worker.gracefulShutdown()
    await pool.end()
    throw error
  })
  const loops = [again(Math.min(5000, leaseMs / 4), beat), again(Math.min(5000, leaseMs / 4), care)]

  return {
    poolId,
    counts: () => ({ running: running.size }),
    async [Symbol.asyncDispose]() {
      const late = setTimeout(() => abortAll('shutdown'), drainMs)
      await Promise.resolve(worker.gracefulShutdown()).catch(onTrouble)
      clearTimeout(late)
      closing.abort()
      await Promise.all(loops)
      await db.relaxed.run(sql`delete from worker_pool where id = ${poolId}`).catch(onTrouble)
      await pool.end()
    },
  }

  function startQueue(): WorkerPool {
    const tasks = Object.fromEntries(handlers.map((one) => [one.type.name, (payload: unknown) => accept(one, (payload as { task: number }).task)]))
    const preset = { worker: { gracefulShutdownAbortTimeout: 3_600_000 } }
    return runTaskList({ concurrency, pollInterval: pollMs, noHandleSignals: true, logger: loggerTo(log), events, forbiddenFlags: room.closedTypes, preset }, tasks, pool)
  }

  async function accept(handler: JobHandler, taskId: number): Promise<void> {
    const abort = new AbortController()
    try {
      // A task held by a process without a lease would be taken for lost.
      await registered
      // Taken for dead and alive again: the earlier run of the same task is just being aborted.
      if (running.has(taskId)) {
        wakeIn(500)
        return await requeue(db.relaxed, [taskId], 500)
      }
      running.set(taskId, abort)
      await runTask(runner, handler, taskId, abort)
    } finally {
      if (running.get(taskId) === abort) running.delete(taskId)
      room.leave(handler.type.name)
    }
  }

  function nudge(count: number): void {
    if (worker._active && !worker._shuttingDown) worker.nudge(count)
  }

  /** The queue looks by itself only every few seconds for what was not due when it came. */
  function wakeIn(ms: number): void {
    if (ms < pollMs) setTimeout(() => nudge(1), ms + 5).unref()
  }

  function listenOn(client: PoolClient): void {
    client.on('notification', hear)
    // The library has just sent its own LISTEN on this connection. A beat before we are registered would take us for dead.
    client.once('drain', () => void client.query(`listen ${channel}`).then(() => registered).then(() => beat()).catch(onTrouble))
  }

  async function register(): Promise<void> {
    await db.run(sql`
      insert into worker_pool (id, pid, host, concurrency) values (${poolId}, ${process.pid}, ${hostname()}, ${concurrency})
      on conflict (id) do update set heartbeat_at = clock_timestamp()`)
  }

  /** Keeps the lease, and looks for what a lost notification would have told. */
  async function beat(): Promise<void> {
    const row = await db.relaxed.row<{ alive: number; stops: string[]; paused: string[] }>(sql`
      with beat as (update worker_pool set heartbeat_at = clock_timestamp() where id = ${poolId} returning id)
      select (select count(*) from beat) as alive, array(select id::text from task where pool_id = ${poolId} and status = 'Running' and stop_asked_at is not null) as stops,
        array(select job_type from paused_queue) as paused`)
    noteBeat()
    paused = new Set(row!.paused)
    stop(row!.stops.map(Number))
    if (row!.alive > 0 || closing.signal.aborted) return
    // Taken for dead: others run our jobs already, so ours must end before they do harm.
    log.warn('this process was taken for dead; its jobs run elsewhere')
    abortAll('lease lost')
    await register()
  }

  /** A database that was away was so for all: who could not tell that he lives gets one more lease to do it. */
  function noteBeat(): void {
    const now = performance.now()
    if (now - beatAt > leaseMs / 2) judgesFrom = now + leaseMs
    beatAt = now
  }

  /** Not before the first beat after a gap, either. */
  function mayJudge(): boolean {
    const now = performance.now()
    return now >= judgesFrom && now - beatAt <= leaseMs / 2
  }

  function hear({ channel: where, payload }: Notification): void {
    if (where !== channel || closing.signal.aborted) return
    const message = JSON.parse(payload ?? '{}') as Message
    if (message.kind === 'stop') stop(message.taskIds)
    else beat().then(() => nudge(concurrency)).catch(onTrouble)
  }

  function stop(taskIds: number[]): void {
    for (const id of taskIds) running.get(id)?.abort(new JobAborted('stopped'))
  }

  function abortAll(cause: AbortCause): void {
    for (const abort of running.values()) abort.abort(new JobAborted(cause))
  }

  /** What any process may do for all. */
  async function care(): Promise<number | undefined> {
    await giveUpLost(db.relaxed, poolId, (taskId) => running.has(taskId))
    await rescueTasks(db, mayJudge() ? leaseMs : undefined)
    await requeueForgotten(db.relaxed)
    return (await fireDue(db, types)).nextMs
  }

  /** Again and again until closed; sooner when `work` says so, in ms. */
  async function again(everyMs: number, work: () => Promise<number | undefined | void>): Promise<void> {
    while (!closing.signal.aborted) {
      const soonMs = await work().catch(onTrouble)
      await rest(Math.max(10, Math.min(everyMs, typeof soonMs === 'number' ? soonMs : everyMs)))
    }
  }

  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (closing.signal.aborted) return resolve()
      const timer = setTimeout(done, ms)
      closing.signal.addEventListener('abort', done, { once: true })
      function done() {
        clearTimeout(timer)
        closing.signal.removeEventListener('abort', done)
        resolve()
      }
    })
  }
}

async function listPaused(db: Db): Promise<string[]> {
  return (await db.rows<{ type: string }>(sql`select job_type as type from paused_queue limit 1000`)).map(({ type }) => type)
}

/** The library's words, at our levels: what it says of every job is of no interest. */
function loggerTo(log: Log): Logger {
  return new Logger(() => (level, message) => {
    if (level === 'error' || level === 'warning') log.warn({ from: 'queue' }, message)
    else log.debug({ from: 'queue' }, message)
  })
}
