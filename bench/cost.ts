/** What work costs the two processes of a Marina: processor time, statements, syncs and WAL. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { Client } from 'pg'
import { databaseUrlOf, startMarina, type Registry } from './registries.ts'
import { type Scratch } from './scratch.ts'

/** A statement and how often it ran; `ms`: the time in PostgreSQL of all runs. */
type Statement = { text: string; calls: number; ms: number }
/** The cost of a piece of work. Processor time in ms; `marinaSyncs`: fsync and fdatasync of the process. */
export type Cost = {
  marinaMs: number
  postgresMs: number
  marinaSyncs: number
  walSyncs: number
  walBytes: number
  statements: Statement[]
}

type Meter = AsyncDisposable & {
  /** Runs the work and returns what it cost. */
  measure(work: () => Promise<unknown>): Promise<Cost>
}

/** A running Marina whose PostgreSQL counts statements (pg_stat_statements), which needs one restart. */
export async function startCountedMarina(scratch: Scratch, more: Record<string, string> = {}): Promise<Registry> {
  const first = await startMarina(scratch, more)
  await withClient(scratch, async (client) => {
    await client.query('create extension if not exists pg_stat_statements')
    await client.query("alter system set shared_preload_libraries = 'pg_stat_statements'")
  })
  await first.stop()
  return startMarina(scratch, more)
}

export async function openMeter(scratch: Scratch, marina: Registry): Promise<Meter> {
  const client = new Client(databaseUrlOf(scratch))
  await client.connect()
  const postmaster = Number(readFileSync(scratch.path('marina/postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0])
  const counters = async () => ({
    marinaMs: processorMs(marina.pid),
    postgresMs: childrenOf(postmaster).reduce((sum, pid) => sum + processorMs(pid), processorMs(postmaster)),
    ...(await walOf(client)),
  })
  return {
    async measure(work) {
      await client.query('select pg_stat_statements_reset(), pg_stat_force_next_flush()')
      const before = await counters()
      const syncs = await countSyncs(marina.pid, work)
      const after = await counters()
      return {
        marinaMs: after.marinaMs - before.marinaMs,
        postgresMs: after.postgresMs - before.postgresMs,
        walBytes: after.walBytes - before.walBytes,
        walSyncs: after.walSyncs - before.walSyncs,
        marinaSyncs: syncs,
        statements: await statementsOf(client),
      }
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** WAL since the start of the cluster. Waits a moment, as PostgreSQL's processes report their syncs once a second. */
async function walOf(client: Client): Promise<{ walBytes: number; walSyncs: number }> {
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const { rows } = await client.query<{ bytes: string; syncs: string }>(`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bytes,
      (select sum(fsyncs) from pg_stat_io where object = 'wal') as syncs`)
  return { walBytes: Number(rows[0]!.bytes), walSyncs: Number(rows[0]!.syncs) }
}

async function statementsOf(client: Client): Promise<Statement[]> {
  const { rows } = await client.query<{ query: string; calls: string; ms: number }>(`
    select query, calls, total_exec_time as ms from pg_stat_statements
    where query not ilike '%pg_stat%' order by calls desc, query limit 500`)
  return rows.map(({ query, calls, ms }) => ({ text: query.replace(/\s+/g, ' ').trim(), calls: Number(calls), ms }))
}

/** The number of fsync and fdatasync calls of a process during the work; strace makes these calls slower. */
async function countSyncs(pid: number, work: () => Promise<unknown>): Promise<number> {
  if (process.env['BENCH_STRACE'] !== 'yes') {
    await work()
    return Number.NaN
  }
  const child = spawn('strace', ['-f', '-c', '-e', 'trace=fsync,fdatasync', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  while (!said.includes('attached')) await once(child.stderr, 'data')
  await work()
  child.kill('SIGINT')
  await once(child, 'close')
  return [...said.matchAll(/^\s*\S+\s+\S+\s+\S+\s+(\d+)\s+(?:\d+\s+)?(?:fsync|fdatasync)$/gm)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  )
}

/** User and system time of a process with all of its threads, in ms (proc_pid_stat(5), fields 14 and 15). */
export function processorMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent)
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1])
  } catch {
    return undefined
  }
}

async function withClient(scratch: Scratch, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client(databaseUrlOf(scratch))
  await client.connect()
  await work(client)
  await client.end()
}
