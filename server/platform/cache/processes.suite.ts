import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { randomOf } from '../../testing/random.ts'
import { openDb, type CommitGuard, type Db } from '../db/db.ts'
import { migrate } from '../db/migrate.ts'
import { sql } from '../db/sql.ts'
import type { Cache } from './cache.ts'
import { openLayers, type Layers } from './layers.ts'
import { openPeers, type Peers } from './peers/peers.ts'
import { openStamps, type Stamps } from './peers/stamps.ts'

/** A process as far as caches go: with its own pool, cache layers and peers, and facts to read and write. */
export type Process = {
  db: Db
  cache: Cache
  layers: Layers
  peers: Peers
  read(key: string): Promise<number>
  readAll(keys: string[]): Promise<Map<string, number>>
  write(key: string): Promise<number>
} & AsyncDisposable

export type ProcessOptions = {
  leaseMs?: number
  blockLimitMs?: number
  guardOf?: (peers: Peers) => CommitGuard
  /** Of memory, in bytes. */
  limit?: number
  redis?: { url: string; timeoutMs?: number; secret?: Uint8Array; stampsOf?: (stamps: Stamps) => Stamps }
}

const migrations = join(import.meta.dirname, '../../migrations')

export async function prepare(url: string) {
  const client = new Client(url)
  await client.connect()
  await migrate(client, migrations)
  await client.query('create table fact (key text primary key, value integer not null)')
  await client.end()
}

const installationSecret = Buffer.alloc(32, 7)
export const factKey = (name: string) => `fact:name:${name}`

export async function openProcess(
  url: string,
  { leaseMs = 5000, blockLimitMs, guardOf = (peers) => peers, limit = 2 ** 20, redis }: ProcessOptions = {},
): Promise<Process> {
  const stamps = redis && (redis.stampsOf ?? ((one) => one))(openStamps())
  const peers = openPeers({
    leaseMs,
    ...(blockLimitMs === undefined ? {} : { blockLimitMs }),
    ...(stamps ? { stamps } : {}),
  })
  const layers = await openLayers({
    isEnabled: true,
    limit,
    expireMs: 3600_000,
    isTrusted: () => peers.isTrusted(),
    redis: redis && {
      url: redis.url,
      timeoutMs: redis.timeoutMs ?? 200,
      prefix: 'test:',
      secret: redis.secret ?? installationSecret,
      build: '1',
      resources: new Set(['fact']),
      stamps: stamps!,
      onTrouble: () => {},
    },
  })
  const { cache } = layers
  const db = openDb({
    url,
    poolSize: 8,
    acquireTimeoutMs: 5000,
    statementTimeoutMs: 20_000,
    lockTimeoutMs: 20_000,
    guard: guardOf(peers),
  })
  await peers.join(db, cache)
  const isReady = () => peers.isTrusted() && (!stamps || stamps.of(factKey('a')) !== undefined)
  while (!isReady()) await sleep(5)
  const load = async (names: string[]) => {
    const rows = await db.rows<{ key: string; value: number }>(
      sql`select key, value from fact where key = any(${names}::text[])`,
    )
    // Slow reads make stale values more likely.
    await sleep(Math.random() * 4)
    return new Map(rows.map(({ key, value }) => [key, { value }]))
  }
  return {
    db,
    cache,
    layers,
    peers,
    read: async (name) => (await cache.get(factKey(name), async () => (await load([name])).get(name)))?.value ?? 0,
    async readAll(names) {
      const found = await cache.many(names, factKey, load)
      return new Map(names.map((name) => [name, found.get(name)?.value ?? 0]))
    },
    write: (name) =>
      db.transaction(async (tx) => {
        tx.changes(factKey(name))
        const row = await tx.row<{ value: number }>(sql`
          insert into fact (key, value) values (${name}, 1)
          on conflict (key) do update set value = fact.value + 1 returning value`)
        return row!.value
      }),
    async [Symbol.asyncDispose]() {
      await peers[Symbol.asyncDispose]()
      await layers[Symbol.asyncDispose]()
      await db.close()
    },
  }
}

/**
 * `pauseMs`: the longest pause between two writes. `settled`: the least value of each fact that a read may still
 * return, shared by plays that run at once.
 */
type Play = { seed?: number; writers?: Process[]; pauseMs?: number; settled?: Map<string, number> }
type Findings = { lies: number; reads: number; writes: number }

/**
 * Lets readers and writers on several processes use three facts for a while. A read that begins after a write was
 * acknowledged, or after another read, on any process, must not return an older value. Returns how often one did, and
 * the numbers of reads and writes, so that the test cannot pass without a cache that is used.
 */
export async function countLies(
  processes: Process[],
  ms: number,
  { seed = 1, writers = processes, pauseMs = 12, settled = new Map<string, number>() }: Play = {},
): Promise<Findings> {
  const random = randomOf(seed)
  const end = performance.now() + ms
  const found: Findings = { lies: 0, reads: 0, writes: 0 }
  const raise = (name: string, value: number) => settled.set(name, Math.max(settled.get(name) ?? 0, value))
  const judge = (name: string, value: number, least: number) => {
    found.reads++
    if (value < least) found.lies++
    raise(name, value)
  }
  const names = ['a', 'b', 'c']
  const reader = async (process: Process, name: string) => {
    while (performance.now() < end) {
      const least = new Map(names.map((one) => [one, settled.get(one) ?? 0]))
      if (random() < 0.3) for (const [one, value] of await process.readAll(names)) judge(one, value, least.get(one)!)
      else judge(name, await process.read(name), least.get(name)!)
      if (random() < 0.15) await sleep(random() * 3)
      else await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const writer = async (process: Process, name: string) => {
    while (performance.now() < end) {
      raise(name, await process.write(name))
      found.writes++
      await sleep(random() * pauseMs)
    }
  }
  const reading = processes.flatMap((process) =>
    names.flatMap((name) => [reader(process, name), reader(process, name)]),
  )
  await Promise.all([...reading, ...writers.flatMap((process) => names.map((name) => writer(process, name)))])
  return found
}

/** Runs for at least 2.5 s, and until there were more than `least` reads: a busy machine reads slowly. */
export async function countLiesOfReads(processes: Process[], least: number): Promise<Findings> {
  const all: Findings = { lies: 0, reads: 0, writes: 0 }
  for (let seed = 1; seed === 1 || (seed <= 40 && all.reads <= least); seed++) {
    const found = await countLies(processes, 2500, { seed })
    for (const what of ['lies', 'reads', 'writes'] as const) all[what] += found[what]
  }
  return all
}

/** True once a read returned a false value. A busy machine may need many tries for one. */
export async function isCaught(processes: Process[]): Promise<boolean> {
  for (let seed = 1; seed <= 80; seed++) if ((await countLies(processes, 800, { seed })).lies > 0) return true
  return false
}
