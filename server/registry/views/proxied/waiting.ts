import { UpstreamLate } from './breaker.ts'

/** Waits at most `waitMs`; without it, as long as the work takes. The work goes on for the next caller. */
export async function within<Result>(
  waitMs: number | undefined,
  upstream: string,
  work: Promise<Result>,
): Promise<Result> {
  if (waitMs === undefined) return work
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UpstreamLate(`${upstream} has not answered in ${waitMs} ms`)), waitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
