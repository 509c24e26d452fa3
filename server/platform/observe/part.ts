import { StorageUnavailable } from '../blobs/blobs.ts'
import { DatabaseUnavailable } from '../db/db.ts'
import type { Component } from './health.ts'
import type { Log } from './log.ts'
import { seldom } from './seldom.ts'

/**
 * A part of Marina that works in the background, where no request sees it fail. It records the outcome of each of its
 * rounds; health, metrics and the log tell the operator.
 */
export type Part = {
  component: Component
  /** Records that a round of `what` failed. Work that may never run again counts as failing for `lastsMs` only. */
  failed(what: string, error: unknown, lastsMs?: number): void
  /** Records that a round of `what` succeeded: it is healthy again. */
  well(what: string): void
  /** Logs an error that belongs to no round; health does not show it. */
  tell(what: string, error: unknown): void
}

/**
 * Health shows a lost connection to the database or the storage as theirs. Any other error makes this part unhealthy
 * until the same work succeeds. Each cause is logged at most once a minute.
 */
export function openPart(name: string, log: Log): Part {
  const failingUntil = new Map<string, number>()
  const sayWaits = seldom((reason, heldBack) =>
    log.warn({ part: name, reason, heldBack }, `${name}: waits for the database or the storage`),
  )
  const sayFails = seldom((reason, heldBack) => log.error({ part: name, reason, heldBack }, `${name}: failed`))
  const tell = (what: string, error: unknown) =>
    (isOfConnection(error) ? sayWaits : sayFails)(`${what}: ${String(error)}`)
  return {
    component: { name, isSpare: true, check: () => checkNone(failingUntil) },
    tell,
    failed(what, error, lastsMs = Infinity) {
      if (!isOfConnection(error)) failingUntil.set(what, performance.now() + lastsMs)
      tell(what, error)
    },
    well: (what) => void failingUntil.delete(what),
  }
}

const isOfConnection = (error: unknown) => error instanceof DatabaseUnavailable || error instanceof StorageUnavailable

async function checkNone(failingUntil: Map<string, number>): Promise<void> {
  for (const [what, until] of failingUntil) if (until < performance.now()) failingUntil.delete(what)
  if (failingUntil.size > 0) throw new Error(`these fail: ${[...failingUntil.keys()].join(', ')}`)
}
