import type { Level } from '../../platform/jobs/log.ts'
import type { Collection } from './run.ts'

/** The most lines of one kind: the size of a log is limited, and the other kinds need room in it. */
const mostOfKind = 2000

/** Logs lines about single things, at most `most` of each kind; `rest` logs how many more there were. */
export function openLines(log: Collection['log'], most = mostOfKind) {
  const counts = new Map<string, number>()
  return {
    say(kind: string, line: string, level?: Level) {
      const count = (counts.get(kind) ?? 0) + 1
      counts.set(kind, count)
      if (count <= most) log(line, level)
    },
    rest() {
      for (const [kind, count] of counts)
        if (count > most) log(`… and ${count - most} more ${kind}`, 'INFO', 'last word')
    },
  }
}
