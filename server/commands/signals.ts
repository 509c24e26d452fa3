import { constants } from 'node:os'

/**
 * A closed terminal sends SIGHUP, Ctrl-\ SIGQUIT, and some tools SIGUSR2 for "open your log again". Each would end a
 * process that does not listen, at once, and leave its PostgreSQL behind.
 */
const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const

/** How `stopSignal` was asked, as opposed to any other reason to end. */
export const isStopSignal = (reason: string) => stopSignals.some((signal) => signal === reason)

/**
 * Resolves with the first signal, which asks for a clean end; a second Ctrl-C ends the process at once: what was
 * acknowledged is safe either way. Under npm one Ctrl-C arrives twice, from the terminal and from npm, so a second one
 * counts only after one second.
 */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let askedAt: number | undefined
    for (const signal of stopSignals) {
      process.on(signal, () => {
        if (signal === 'SIGINT' && askedAt !== undefined && performance.now() - askedAt > 1000) process.exit(130)
        askedAt ??= performance.now()
        resolve(signal)
      })
    }
  })
}

/**
 * Starts something that waits, as for a database, and that a signal gives up. Returns undefined when it was given up; a
 * signal that comes too late for that is handled after the start.
 */
export async function startUnlessAsked<Started>(
  asked: Promise<string>,
  start: (signal: AbortSignal) => Promise<Started>,
): Promise<Started | undefined> {
  const ending = new AbortController()
  void asked.then(() => ending.abort())
  try {
    return await start(ending.signal)
  } catch (error) {
    if (!ending.signal.aborted || (error as Error).name !== 'AbortError') throw error
    return undefined
  }
}

/** For commands that may end at any point: `process.exit` also stops the PostgreSQL that was started for them. */
export function leaveOnSignal(): void {
  for (const signal of stopSignals) process.once(signal, () => process.exit(128 + constants.signals[signal]))
}
