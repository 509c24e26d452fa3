import type { IncomingHttpHeaders } from 'node:http'

/**
 * How often one endpoint may be asked, for all jobs and processes together. An endpoint that answers 429 or 503 is
 * asked again when it allows it, and more slowly from then on.
 */
export interface Budget {
  /**
   * Waits until a call may be sent. False when that would take longer than `patienceMs`; `waitMs` says how long.
   * Rejects with the signal's reason when aborted.
   */
  enter(patienceMs: number, signal?: AbortSignal): Promise<{ ok: true } | { ok: false; waitMs: number }>
  /** To be told of every answer: it may announce a limit. Resolves when all processes can know; true when the answer is
   * a refusal (429, 503) that `enter` waits for from now on. */
  note(answer: { status: number; headers: IncomingHttpHeaders }): Promise<boolean>
}

/** For a call whose endpoint is not saved: it never waits. */
export const noBudget: Budget = {
  enter: async () => ({ ok: true }),
  note: async () => false,
}
