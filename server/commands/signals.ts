import { constants } from 'node:os'

const stopSignals = ['SIGTERM', 'SIGINT'] as const

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

/** For commands that may end at any point: `process.exit` also stops the PostgreSQL that was started for them. */
export function leaveOnSignal(): void {
  for (const signal of stopSignals) process.once(signal, () => process.exit(128 + constants.signals[signal]))
}
