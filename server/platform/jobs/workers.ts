import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskList, WorkerEvents, WorkerPool } from 'graphile-worker'
import type { Notification, PoolClient } from 'pg'
import { translated, type Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Log } from '../observe/log.ts'
import type { Component } from '../observe/health.ts'
import { openPart, type Part } from '../observe/part.ts'
import { Heartbeat } from './heartbeat.ts'
import { pollMs, startQueue } from './queue.ts'
import { laneIn } from './lanes.ts'
import { openRoom, type Room } from './room.ts'
import { runTask, type Runner } from './run.ts'
import { RunningTasks } from './running.ts'
import { fireDue } from './schedule.ts'
import { channel, type Message } from './stop.ts'
import { requeue } from './store.ts'
import { giveUpLost, requeueForgotten, rescueTasks } from './sweep.ts'
import type { JobHandler, JobType } from './type.ts'

export type WorkersOptions = {
  db: Db
  handlers: readonly JobHandler[]
  log: Log
  /** The most jobs of all types that run at once in this process. */
  concurrency: number
  /** A process without a heartbeat for this long is taken for dead, in ms. */
  leaseMs: number
  /** The most bytes in the log of one task. */
  logBytes: number
  /** How long running jobs may take to end on shutdown, in ms; then they are aborted and run in another process. */
  drainMs: number
}

export type Workers = AsyncDisposable & {
  poolId: string
  counts(): { running: number }
  /** For health: unhealthy while jobs stand still for a reason of their own. */
  component: Component
}

/** The pause before a task that still runs here is looked at again, in ms. */
const busyMs = 500

/**
 * A process's workers: they take jobs from the queue, renew the lease, fire schedules and rescue tasks of dead
 * processes.
 */
export async function openWorkers(options: WorkersOptions): Promise<Workers> {
  const workers = new OpenWorkers(options, await listPaused(options.db))
  await workers.begin()
  return workers
}

async function listPaused(db: Db): Promise<string[]> {
  const rows = await db.rows<{ type: string }>(sql`select job_type as type from paused_queue limit 1000`)
  return rows.map(({ type }) => type)
}

class OpenWorkers implements Workers {
  readonly poolId: string
  readonly #options: WorkersOptions
  readonly #types: ReadonlyMap<string, JobType>
  readonly #running = new RunningTasks()
  readonly #closing = new AbortController()
  readonly #part: Part
  readonly #onTrouble: (error: unknown) => void
  readonly #lent: ReturnType<Db['lendPool']>
  /** Takes the listener off the connection, which others use afterwards. */
  #stopHearing: () => void = () => {}
  readonly #room: Room
  readonly #queue: WorkerPool
  readonly #runner: Runner
  readonly #heartbeat: Heartbeat
  /** Jobs wait for this: a task of a process that has no lease yet would be taken for lost. */
  readonly #registered: Promise<void>
  #paused: ReadonlySet<string>
  #loops: Promise<void>[] = []

  /** Takes jobs from now on, and runs them once the process is registered. */
  constructor(options: WorkersOptions, paused: string[]) {
    const { db, handlers, log, concurrency, leaseMs, logBytes } = options
    this.#options = options
    this.#types = new Map(handlers.map(({ type }) => [type.name, type]))
    this.#paused = new Set(paused)
    this.#part = openPart('jobs', log)
    this.#onTrouble = (error) => this.#part.tell('job service', error)
    // The queue library's statements are short, so it needs few connections; one listens.
    this.#lent = db.lendPool(Math.min(concurrency, 2))
    const events: WorkerEvents = new EventEmitter()
    events.on('pool:listen:success', ({ client }) => this.#listenOn(client))
    watchQueue(events, this.#part)
    this.#room = openRoom(
      events,
      this.#types,
      () => this.#paused,
      () => this.#nudge(1),
    )
    this.#queue = startQueue({
      pool: this.#lent.pool,
      log,
      concurrency,
      events,
      tasks: this.#tasksOf(handlers),
      closedTypes: this.#room.closedTypes,
    })
    // Handled here, as an unhandled rejection would end the process.
    this.#queue.promise.catch((error: unknown) => this.#part.failed('queue', translated(error)))
    this.poolId = this.#queue.id
    this.#runner = { db, poolId: this.poolId, logBytes, onTrouble: this.#onTrouble, wakeIn: (ms) => this.#wakeIn(ms) }
    this.#heartbeat = new Heartbeat({ db, poolId: this.poolId, concurrency, leaseMs })
    this.#registered = this.#heartbeat.register()
  }

  /** Resolves when this process is registered; its regular work begins then. */
  async begin(): Promise<void> {
    await this.#registered.catch(async (error: unknown) => {
      await this.#queue.gracefulShutdown()
      this.#lent.giveBack()
      throw error
    })
    const everyMs = Math.min(5000, this.#options.leaseMs / 4)
    this.#loops = [
      this.#again('heartbeat', everyMs, () => this.#beat()),
      this.#again('care of lost and due jobs', everyMs, () => this.#care()),
    ]
  }

  get component(): Component {
    return this.#part.component
  }

  counts(): { running: number } {
    return { running: this.#running.count }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const late = setTimeout(() => this.#running.abortAll('shutdown'), this.#options.drainMs)
    await Promise.resolve(this.#queue.gracefulShutdown()).catch(this.#onTrouble)
    clearTimeout(late)
    this.#closing.abort()
    await Promise.all(this.#loops)
    await this.#heartbeat.unregister().catch(this.#onTrouble)
    this.#stopHearing()
    this.#lent.giveBack()
  }

  #tasksOf(handlers: readonly JobHandler[]): TaskList {
    return Object.fromEntries(
      handlers.map((one) => [
        one.type.name,
        (payload: unknown, { job }) => this.#accept(one, (payload as { task: number }).task, laneIn(job.flags)),
      ]),
    )
  }

  async #accept(handler: JobHandler, taskId: number, lane: string | undefined): Promise<void> {
    const abort = new AbortController()
    let held = lane
    try {
      await this.#registered
      if (this.#room.sendsBack(handler.type.name, lane)) {
        held = undefined
        return await requeue(this.#options.db.relaxed, [taskId])
      }
      // This process was taken for dead meanwhile: its earlier run of the same task is just being aborted.
      if (this.#running.has(taskId)) {
        this.#wakeIn(busyMs)
        return await requeue(this.#options.db.relaxed, [taskId], busyMs)
      }
      this.#running.add(taskId, abort)
      await runTask(this.#runner, handler, taskId, abort)
      this.#part.well(handler.type.name)
    } catch (error) {
      this.#part.failed(handler.type.name, error)
      throw error
    } finally {
      this.#running.remove(taskId, abort)
      this.#room.leave(handler.type.name, held)
    }
  }

  #nudge(count: number): void {
    if (this.#queue._active && !this.#queue._shuttingDown) this.#queue.nudge(count)
  }

  /** Makes the queue look for jobs in `ms`: it polls only every few seconds for those that were not due before. */
  #wakeIn(ms: number): void {
    if (ms < pollMs) setTimeout(() => this.#nudge(1), ms + 5).unref()
  }

  /**
   * Listens for stops and pauses on the connection on which the library listens, too. A heartbeat before the process is
   * registered would find that it was taken for dead.
   */
  #listenOn(client: PoolClient): void {
    const listen = async () => {
      await client.query(`listen ${channel}`)
      await this.#registered
      await this.#beat()
    }
    const hear = (notification: Notification) => this.#hear(notification)
    client.on('notification', hear)
    this.#stopHearing = () => client.off('notification', hear)
    client.once('drain', () => void listen().catch(this.#onTrouble))
  }

  #hear({ channel: where, payload }: Notification): void {
    if (where !== channel || this.#closing.signal.aborted) return
    const message = JSON.parse(payload ?? '{}') as Message
    if (message.kind === 'stop') this.#running.stop(message.taskIds)
    else
      this.#beat()
        .then(() => this.#nudge(this.#options.concurrency))
        .catch(this.#onTrouble)
  }

  async #beat(): Promise<void> {
    const { isAlive, stops, paused } = await this.#heartbeat.beat()
    this.#paused = new Set(paused)
    this.#running.stop(stops)
    if (isAlive || this.#closing.signal.aborted) return
    // Others took this process for dead and run its jobs already, so its own runs must end before they do harm.
    this.#options.log.warn('this process was taken for dead; its jobs run elsewhere')
    this.#running.abortAll('lease lost')
    await this.#heartbeat.register()
  }

  /** The work that any process does for all: schedules and rescues. Returns in how many ms it is due again. */
  async #care(): Promise<number | undefined> {
    const { db, leaseMs } = this.#options
    await giveUpLost(db.relaxed, this.poolId, (taskId) => this.#running.has(taskId))
    await rescueTasks(db, this.#heartbeat.mayJudge() ? leaseMs : undefined)
    await requeueForgotten(db.relaxed)
    return (await fireDue(db, this.#types)).nextMs
  }

  /** Repeats `work` every `everyMs` until closed; sooner when `work` returns fewer ms. */
  async #again(what: string, everyMs: number, work: () => Promise<number | undefined | void>): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const soonMs = await this.#round(what, work)
      const restMs = Math.max(10, Math.min(everyMs, typeof soonMs === 'number' ? soonMs : everyMs))
      await sleep(restMs, undefined, { signal }).catch(() => {})
    }
  }

  async #round(what: string, work: () => Promise<number | undefined | void>): Promise<number | undefined | void> {
    try {
      const soonMs = await work()
      this.#part.well(what)
      return soonMs
    } catch (error) {
      this.#part.failed(what, error)
    }
  }
}

/** The library logs what goes wrong when it looks for a job, and goes on. */
function watchQueue(events: WorkerEvents, part: Part): void {
  events.on('worker:getJob:error', ({ error }) => part.failed('queue', translated(error)))
  for (const event of ['worker:getJob:empty', 'job:start'] as const) events.on(event, () => part.well('queue'))
}
