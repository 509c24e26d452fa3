/** The provider did not answer within its time. */
export class NoAnswer extends Error {
  override name = 'NoAnswer'
}

/** Runs `work` for at most `ms`, whether or not it heeds the signal. Rejects with NoAnswer when it takes longer. */
export async function inTime<Result>(
  ms: number,
  work: (signal: AbortSignal) => Promise<Result>,
  outer?: AbortSignal,
): Promise<Result> {
  const late = AbortSignal.timeout(ms)
  const signal = outer ? AbortSignal.any([outer, late]) : late
  const ended = Promise.withResolvers<never>()
  const giveUp = () => ended.reject(new NoAnswer(`no answer within ${ms} ms`))
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([ended.promise, work(signal)])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
