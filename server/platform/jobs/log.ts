import type { Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'

export type JobLog = {
  line(text: string, level?: 'INFO' | 'WARNING' | 'ERROR'): void
  /** Writes what is still in memory. */
  flush(): Promise<void>
}

/** Lines are gathered this long, in ms, so that a talkative job does not write a row for each. */
const gatherMs = 250
const lineLimit = 4096
const ending = 'the log ends here: it has reached its limit\n'

/**
 * The log of one run, kept in the database beside its task: it is there for as long as the task is. `limit` bounds all runs of
 * a task together, in bytes; the line after it says that the rest was left out.
 */
export function openJobLog(db: Queryable, taskId: number, { limit, onTrouble }: { limit: number; onTrouble(error: unknown): void }): JobLog {
  let gathered = ''
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  let isFull = false

  return {
    line(text, level = 'INFO') {
      if (isFull) return
      gathered += `${new Date().toISOString()} [${level}] ${clean(text).slice(0, lineLimit)}\n`
      if (gathered.length > 64 * 1024) void write()
      else timer ??= setTimeout(() => void write(), gatherMs)
    },
    flush: write,
  }

  function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const text = gathered
    gathered = ''
    if (text !== '') writing = writing.then(() => append(text)).catch(onTrouble)
    return writing
  }

  async function append(text: string): Promise<void> {
    const row = await db.row<{ isFull: boolean }>(sql`
      with known as (select coalesce(max(part), 0) as part, coalesce(sum(octet_length(text)), 0) as bytes, coalesce(bool_or(text = ${ending}), false) as "isFull" from job_log where task_id = ${taskId}),
      added as (
        insert into job_log (task_id, part, text)
        select ${taskId}, part + 1, case when bytes + ${Buffer.byteLength(text)} <= ${limit} then ${text} else ${ending} end
        from known where not "isFull" and exists (select 1 from task where id = ${taskId}) returning text)
      select "isFull" or exists (select 1 from added where text = ${ending}) as "isFull" from known`)
    isFull = row!.isFull
  }
}

/** One line, and nothing that PostgreSQL does not keep. */
function clean(text: string): string {
  return text.replaceAll('\0', '').replace(/\s*[\r\n]+\s*/g, ' ').toWellFormed()
}

/** All that a task has said; '' when nothing, undefined when there is no such task. */
export async function readJobLog(db: Queryable, taskId: number): Promise<string | undefined> {
  const row = await db.row<{ text: string | null }>(sql`
    select (select string_agg(text, '' order by part) from job_log where task_id = task.id) as text from task where id = ${taskId}`)
  return row && (row.text ?? '')
}
