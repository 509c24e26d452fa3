import { HopelessJob, JobAborted, type Job } from '../../platform/jobs/type.ts'

/** Whether a job ends in Error by this error: a stop and a shutdown are no failures, and another try may follow. */
export function isTheEnd(
  error: unknown,
  { signal, attempt }: Pick<Job, 'signal' | 'attempt'>,
  maxTries: number,
): boolean {
  const why = signal.reason instanceof JobAborted ? signal.reason.why : undefined
  if (signal.aborted && why !== 'timeout') return false
  return error instanceof HopelessJob || attempt >= maxTries
}
