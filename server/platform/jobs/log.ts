import type { Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'

export type Level = 'INFO' | 'WARNING' | 'ERROR'

/** Closed, nothing that is said any more is kept. */
export type JobLog = Disposable & {
  /** A `last word`, what came of it or why it ended, stands also in a log that is full. */
  line(text: string, level?: Level, as?: 'last word'): void
  /** Writes what is still in memory. */
  flush(): Promise<void>
}

/** Lines are gathered this long, in ms, so that a talkative job does not write a row for each. */
const gatherMs = 250
const lineLimit = 4096
const ending = 'the log ends here: it has reached its limit\n'
/** Bytes beyond the limit that only last words may take, of all tries together. */
const reserve = 16 * 1024

type Line = { text: string; isLast: boolean }
/** What a log holds already. Full: the ending stands. */
type Filled = { bytes: number; isFull: boolean }

/**
 * The log of one run, kept in the database beside its task: it is there for as long as the task is. Once the task is run anew, an
 * earlier run has no more to say. `limit` bounds all runs of
 * a task together, in bytes; the line after it says that the rest was left out, and last words follow.
 */
export function openJobLog(
  db: Queryable,
  { taskId, run }: { taskId: number; run: number },
  { limit, onTrouble }: { limit: number; onTrouble(error: unknown): void },
): JobLog {
  let gathered: Line[] = []
  let length = 0
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  let filled: Filled | undefined
  let isClosed = false

  return {
    line(text, level = 'INFO', as) {
      const isLast = as === 'last word'
      if (isClosed || (filled?.isFull && !isLast)) return
      const line = `${new Date().toISOString()} [${level}] ${clean(text).slice(0, lineLimit)}\n`
      gathered.push({ text: line, isLast })
      length += line.length
      if (length > 64 * 1024) void write()
      else timer ??= setTimeout(() => void write(), gatherMs)
    },
    flush: write,
    [Symbol.dispose]() {
      isClosed = true
      clearTimeout(timer)
    },
  }

  function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const lines = gathered
    gathered = []
    length = 0
    if (lines.length > 0) writing = writing.then(() => append(lines)).catch(onTrouble)
    return writing
  }

  async function append(lines: Line[]): Promise<void> {
    filled ??= (await db.row<Filled>(sql`
      select coalesce(sum(octet_length(text)), 0)::bigint as bytes, coalesce(bool_or(text = ${ending}), false) as "isFull" from job_log where task_id = ${taskId}`))!
    const parts = fit(lines, filled, limit)
    if (parts.length === 0) return
    await db.run(sql`
      insert into job_log (task_id, part, text)
      select task.id, (select coalesce(max(part), 0) from job_log where task_id = task.id) + one.place, one.text
      from task, unnest(${parts}::text[]) with ordinality as one (text, place) where task.id = ${taskId} and run_count = ${run}`)
  }
}

/** What of the lines there is room for, the ending as a part of its own. Counts it into `filled`. */
function fit(lines: Line[], filled: Filled, limit: number): string[] {
  const parts = ['']
  for (const { text, isLast } of lines) {
    const bytes = Buffer.byteLength(text)
    if (!filled.isFull && !isLast && filled.bytes + bytes > limit) {
      filled.isFull = true
      filled.bytes += Buffer.byteLength(ending)
      parts.push(ending, '')
    }
    if ((filled.isFull && !isLast) || filled.bytes + bytes > limit + reserve) continue
    filled.bytes += bytes
    parts[parts.length - 1] += text
  }
  return parts.filter((part) => part !== '')
}

/** One line, and nothing that PostgreSQL does not keep. */
function clean(text: string): string {
  return text
    .replaceAll('\0', '')
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .toWellFormed()
}

/** All that a task has said; '' when nothing, undefined when there is no such task. */
export async function readJobLog(db: Queryable, taskId: number): Promise<string | undefined> {
  const row = await db.row<{ text: string | null }>(sql`
    select (select string_agg(text, '' order by part) from job_log where task_id = task.id) as text from task where id = ${taskId}`)
  return row && (row.text ?? '')
}
