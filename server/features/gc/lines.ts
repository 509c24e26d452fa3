import type { Level } from '../../platform/jobs/log.ts'
import type { Collection } from './run.ts'

/** Lines of one kind; a log has an end, and the other kinds want their room in it. */
const mostOfKind = 2000

/** Names single things in the log, so many of a kind; `rest` says how many more there were. */
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
