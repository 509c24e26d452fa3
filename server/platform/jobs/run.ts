import { setTimeout as sleep } from 'node:timers/promises'
import { DatabaseUnavailable, isUniqueViolation, type Db } from '../db/db.ts'
import { openJobLog, type JobLog } from './log.ts'
import { openProgress } from './progress.ts'
import { endTask, putBack, requeue, saveProgress, takeTask, wakeAlone, type Taken } from './store.ts'
import { HopelessJob, JobAborted, JobPostponed, type JobHandler, type JobType, type Outcome } from './type.ts'

/** How long after its signal was aborted a job that goes on is written off, in ms. */
const patienceMs = 10_000
/**
 * How long writing a job's end is retried while the database is away, in ms. Then the job counts as lost, see
 * `giveUpLost`.
 */
const insistMs = 15_000
/** The pause before a task that could not begin is retried, in ms, unless the obstacle goes away before. */
const obstacleMs = 2000

export type Runner = {
  db: Db
  poolId: string
  logBytes: number
  onTrouble(error: unknown): void
  /** Makes this process look for jobs again in `ms`. */
  wakeIn(ms: number): void
}

/**
 * Runs one task of the queue until it ends, is put back or is stopped. Throws only when the database is away for long.
 */
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
        // This process was taken for dead, or the run was written off: its transaction must not commit, either.
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
    // The job has succeeded, even if its stop was asked for a moment before.
    await insist(() => endTask(db.relaxed, taken, runner.poolId, 'Success', ended.outcome, taken.failures))
  }
  if (type.isAlone) await wakeAlone(db.relaxed, taskId)
}

/** Retries a write while the database is away: a job whose end is not written would run again. */
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

/** Ends a failed task or puts it back, by the cause of its failure and the tries that are left. */
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
    // The stop was asked for before this process heard of it.
    if (end === 'stopped') log.line('stopped', 'INFO', 'last word')
    await log.flush()
  }
  if (cause === 'shutdown') {
    log.line('cut short by a shutdown; it runs again', 'INFO', 'last word')
    await log.flush()
    return again({ delayMs: 0, failures: taken.failures })
  }
  if (!cause && error instanceof JobPostponed) {
    await again({ message: error.message, delayMs: error.ms, failures: taken.failures })
    return wakeIn(error.ms)
  }
  if (cause === 'stopped') {
    log.line('stopped', 'INFO', 'last word')
    await log.flush()
    await insist(() => endTask(db, taken, poolId, 'Stopped', {}, taken.failures))
    return
  }
  const message = cause === 'timeout' ? `took longer than ${type.timeoutMs / 1000} s` : messageOf(error)
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

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

export function pauseOf({ backOff: { firstMs, mostMs } }: Pick<JobType, 'backOff'>, failures: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 30), mostMs) * (0.75 + Math.random() / 2)
}

/** Settles as the job does, or rejects when it does not end in time after its signal was aborted. */
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
