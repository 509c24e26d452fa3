import type { Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'

export type Level = 'INFO' | 'WARNING' | 'ERROR'

/** The log of a running job. Once it is disposed, lines are dropped. */
export type JobLog = Disposable & {
  /** A `last word`, which tells the job's result or why it ended, is written even when the log is full. */
  line(text: string, level?: Level, as?: 'last word'): void
  /** Writes the lines that are still in memory. */
  flush(): Promise<void>
}

/** How long lines are gathered into a batch, in ms, so that a job with many lines does not write a row for each. */
const gatherMs = 250
const lineLimit = 4096
const ending = 'the log ends here: it has reached its limit\n'
/** Bytes beyond the limit for the last words of all tries together. */
const reserve = 16 * 1024

type Line = { text: string; isLast: boolean }
/** What a log holds already. `isFull`: the line that ends it is written. */
type Filled = { bytes: number; isFull: boolean }

/**
 * The log of one run of a task, kept in the database and deleted with the task. Once the task runs again, lines of an
 * earlier run are dropped. `limit` bounds the logs of all runs of a task together, in bytes; a line then says that the
 * rest is left out, and only last words follow.
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
      select coalesce(sum(octet_length(text)), 0)::bigint as bytes,
        coalesce(bool_or(text = ${ending}), false) as "isFull"
      from job_log where task_id = ${taskId}`))!
    const parts = fit(lines, filled, limit)
    if (parts.length === 0) return
    await db.run(sql`
      insert into job_log (task_id, part, text)
      select task.id, (select coalesce(max(part), 0) from job_log where task_id = task.id) + one.place, one.text
      from task, unnest(${parts}::text[]) with ordinality as one (text, place)
      where task.id = ${taskId} and run_count = ${run}`)
  }
}

/** The lines for which there is room, as parts, the ending as a part of its own. Adds their bytes to `filled`. */
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

/** The text on one line, without characters that PostgreSQL cannot store. */
function clean(text: string): string {
  return text
    .replaceAll('\0', '')
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .toWellFormed()
}

/** The whole log of a task; '' when it is empty, undefined when there is no such task. */
export async function readJobLog(db: Queryable, taskId: number): Promise<string | undefined> {
  const row = await db.row<{ text: string | null }>(sql`
    select (select string_agg(text, '' order by part) from job_log where task_id = task.id) as text
    from task where id = ${taskId}`)
  return row && (row.text ?? '')
}
