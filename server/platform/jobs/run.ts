import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailable, isUniqueViolation, type Db } from '../db/db.ts'
import { openJobLog, type JobLog } from './log.ts'
import { openProgress } from './progress.ts'
import { endTask, putBack, requeue, saveProgress, takeTask, wakeAlone, type Taken } from './store.ts'
import { HopelessJob, JobAborted, type JobHandler, type JobType, type Outcome } from './type.ts'

/** A job that does not heed its signal is written off after this, in ms. */
const patienceMs = 10_000
/** How long a job's end waits for the database, in ms. After that it counts as lost, see `giveUpLost`. */
const insistMs = 15_000
/** What could not begin now is tried again after this, in ms, or when the obstacle is gone. */
const obstacleMs = 2000

export type Runner = {
  db: Db
  poolId: string
  logBytes: number
  onTrouble(error: unknown): void
  /** Something of this process is due again in `ms`. */
  wakeIn(ms: number): void
}

/** Runs one task of the queue to its end, its next try or its stop. Throws only when the database cannot be asked for long. */
export async function runTask(
  runner: Runner,
  { type, run }: JobHandler,
  taskId: number,
  abort: AbortController,
): Promise<void> {
  const { db } = runner
  const taken = await take(runner, taskId)
  if (!taken) return
  using log = openJobLog(db.relaxed, taken, { limit: runner.logBytes, onTrouble: runner.onTrouble })
  const progress = openProgress((attrs) => saveProgress(db.relaxed, taken, attrs).then(() => {}, runner.onTrouble))
  const timer = setTimeout(() => abort.abort(new JobAborted('timeout')), type.timeoutMs)
  const ended = await heeding(
    abort.signal,
    run({
      params: taken.params,
      taskId,
      executionId: taken.executionId,
      vendorId: taken.vendorId,
      trigger: taken.trigger,
      attempt: taken.failures + 1,
      earlier: taken.attrs,
      signal: abort.signal,
      log: log.line,
      progress: (attrs) => progress.note(attrs),
      async keep(tx, attrs) {
        await progress.overtake(attrs)
        if (await saveProgress(tx, taken, attrs)) return
        // Taken for dead, or written off: what this transaction does must not count either.
        abort.abort(new JobAborted('lease lost'))
        throw abort.signal.reason as Error
      },
    }),
  ).then(
    (outcome) => ({ outcome: outcome ?? {} }),
    (error: unknown) => ({ error }),
  )
  clearTimeout(timer)
  await progress.flush()
  if ('error' in ended) await fail(runner, type, taken, log, abort.signal, ended.error)
  else {
    await log.flush()
    // Done is done, also when somebody wanted to stop it a moment before.
    await insist(() => endTask(db.relaxed, taken, runner.poolId, 'Success', ended.outcome, taken.failures))
  }
  if (type.isAlone) await wakeAlone(db.relaxed, taskId)
}

/** What a job has done must be written down, or it is done again: a database that is away for a moment is waited for. */
async function insist<Result>(write: () => Promise<Result>): Promise<Result> {
  const limit = performance.now() + insistMs
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || performance.now() > limit) throw error
      await sleep(250)
    }
  }
}

async function take({ db, poolId, wakeIn }: Runner, taskId: number): Promise<Taken | undefined> {
  try {
    const taken = await takeTask(db.relaxed, taskId, poolId)
    if (taken === 'gone') return undefined
    if (taken !== 'paused') return taken
  } catch (error) {
    if (!isUniqueViolation(error, 'task_alone')) throw error
  }
  await requeue(db.relaxed, [taskId], obstacleMs)
  wakeIn(obstacleMs)
  return undefined
}

/** Ends it, or puts it back: by why it failed and what is left to try. */
async function fail(
  { db, poolId, wakeIn }: Runner,
  type: JobType,
  taken: Taken,
  log: JobLog,
  signal: AbortSignal,
  error: unknown,
): Promise<void> {
  const cause = signal.aborted && signal.reason instanceof JobAborted ? signal.reason.why : undefined
  if (cause === 'lease lost') return
  const again = async (why: { message?: string; delayMs: number; failures: number }) => {
    const end = await insist(() => db.transaction((tx) => putBack(tx, taken, poolId, why)))
    // Asked for before this process heard of it.
    if (end === 'stopped') log.line('stopped', 'INFO', 'last word')
    await log.flush()
  }
  if (cause === 'shutdown') {
    log.line('cut short by a shutdown; it runs again', 'INFO', 'last word')
    await log.flush()
    return again({ delayMs: 0, failures: taken.failures })
  }
  if (cause === 'stopped') {
    log.line('stopped', 'INFO', 'last word')
    await log.flush()
    await insist(() => endTask(db, taken, poolId, 'Stopped', {}, taken.failures))
    return
  }
  const message =
    cause === 'timeout'
      ? `took longer than ${type.timeoutMs / 1000} s`
      : error instanceof Error
        ? error.message
        : String(error)
  const failures = taken.failures + 1
  const isOver = failures >= taken.maxTries || error instanceof HopelessJob
  const delayMs = isOver ? 0 : pauseOf(type, failures)
  log.line(
    isOver
      ? `failed: ${message}`
      : `failed, try ${failures} of ${taken.maxTries}, again in ${(delayMs / 1000).toFixed(1)} s: ${message}`,
    'ERROR',
    'last word',
  )
  await log.flush()
  if (isOver) await insist(() => endTask(db.relaxed, taken, poolId, 'Error', { message }, failures))
  else {
    await again({ message, delayMs, failures })
    wakeIn(delayMs)
  }
}

export function pauseOf({ backOff: { firstMs, mostMs } }: Pick<JobType, 'backOff'>, failures: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 30), mostMs) * (0.75 + Math.random() / 2)
}

/** The job's own end; or, when its signal was aborted and it does not end, an end without it. */
function heeding(signal: AbortSignal, work: Promise<Outcome | void>): Promise<Outcome | void> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const giveUp = () => {
      timer = setTimeout(
        () => reject(new Error('the job did not heed its signal and was written off', { cause: signal.reason })),
        patienceMs,
      )
    }
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    work
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer)
        signal.removeEventListener('abort', giveUp)
      })
      .catch(() => {})
  })
}
