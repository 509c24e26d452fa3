import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { DatabaseUnavailable, type CommitGuard, type Db, type Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Cache } from './cache.ts'

/**
 * Keeps the memory caches of all processes on one database true, with PostgreSQL alone. The argument is in
 * docs/decisions/0007-caching.md; in short:
 * - A process serves from memory only while it holds a lease, a row that says until when (the database's clock).
 * - Before a commit, the writer tells every process with a lease which keys change, and waits until each has blocked them or
 *   its lease has run out. After the commit it releases them.
 * - A process that joins keeps nothing until every transaction that may not have seen its row has ended.
 */
export interface Peers extends CommitGuard, AsyncDisposable {
  /** True while this process would be told of every change. */
  isTrusted(): boolean
  /**
   * Begins to take part, and goes on by itself after lost connections. The cache may be used a moment later, when `isTrusted`
   * says so. A command that only writes (`isReader: false`) tells others and keeps nothing itself.
   */
  join(db: Db, cache: Cache, as?: { isReader?: boolean }): Promise<void>
  /** Processes with a lease, this one included, as last seen. */
  count(): number
}

type PeersOptions = {
  /** How long a process that says nothing may hold up the others' writes, in ms. */
  leaseMs?: number
  onTrouble?: (error: unknown) => void
}

/** `from` of a block or release names a process, `from` of an ack a lease. */
type Message = { from: string; change: string } & ({ kind: 'block'; keys: string[]; needsAck: boolean } | { kind: 'release' } | { kind: 'ack'; to: string })
type Lease = { id: string; leftMs: number }
type Waiting = { answer(lease: string): void; fail(error: Error): void }

const channel = 'marina_cache'
/** PostgreSQL refuses a payload of 8000 bytes and more. */
const payloadLimit = 7000
/**
 * We count a lease as over this much before the database does, in ms: for the reply's way back, and because a crash of
 * PostgreSQL may lose the last 0.6 s of renewals, which do not wait for the disk.
 */
const margin = 1000
/** How long a change waits for our own connection to the others to come back, in ms. */
const comebackMs = 3000
/** A block that nobody released is lifted after this, in ms: twice what PostgreSQL lets a silent transaction live. */
const blockLimitMs = 120_000

export function openPeers({ leaseMs = 5000, onTrouble = () => {} }: PeersOptions = {}): Peers {
  const closing = new AbortController()
  const self = randomUUID()
  /** Changes of others that we have blocked. */
  const blocks = new Map<string, { releases: (() => void)[]; until: number }>()
  /** Our own changes that wait for others. */
  const waiting = new Map<string, Waiting>()
  let lease = ''
  /** Leases of our own that may still stand in the database after a broken connection; nothing is served under them. */
  let lost: string[] = []
  let leaseEnd = -Infinity
  let peers = 1
  let parts: { db: Db; cache: Cache } | undefined
  let listener: pg.Client | undefined
  let wake = () => {}
  let living: Promise<void> = Promise.resolve()

  return {
    isTrusted: () => performance.now() < leaseEnd,
    count: () => peers,

    async join(db, cache, { isReader = true } = {}) {
      parts = { db, cache }
      await listen()
      if (isReader) living = live()
    },

    async around(keys, tx, commit) {
      if (!parts) return commit()
      const open = parts.cache.block(keys)
      try {
        const others = await listLeases(tx)
        return others.length === 0 ? await commit() : await announced(keys, others, commit)
      } finally {
        open()
      }
    },

    async [Symbol.asyncDispose]() {
      closing.abort()
      leaseEnd = -Infinity
      wake()
      await living.catch(() => {})
      await leave().catch(onTrouble)
    },
  }

  async function listen(): Promise<void> {
    const client = await parts!.db.connect()
    client.on('notification', ({ payload }) => receive(payload!))
    client.on('error', (error) => {
      if (listener !== client) return
      leaseEnd = -Infinity
      listener = undefined
      // Their answers can no longer reach us.
      for (const one of waiting.values()) one.fail(new DatabaseUnavailable('the connection to the other processes broke', { cause: error }))
      wake()
    })
    listener = client
    await client.query(`listen ${channel}`)
  }

  function receive(payload: string) {
    const message = JSON.parse(payload) as Message
    if (message.kind === 'ack') {
      if (message.to === self) waiting.get(message.change)?.answer(message.from)
    } else if (message.from === self) {
      // Blocked here already.
    } else if (message.kind === 'release') {
      release(message.change)
    } else {
      const block = blocks.get(message.change) ?? { releases: [], until: performance.now() + blockLimitMs }
      blocks.set(message.change, block)
      block.releases.push(parts!.cache.block(message.keys))
      if (message.needsAck && lease !== '') send({ kind: 'ack', from: lease, to: message.from, change: message.change }).catch(onTrouble)
    }
  }

  function release(change: string) {
    for (const open of blocks.get(change)?.releases ?? []) open()
    blocks.delete(change)
  }

  async function send(message: Message) {
    await parts!.db.relaxed.run(sql`select pg_notify(${channel}, ${JSON.stringify(message)})`)
  }

  /** Takes part for as long as we are not closed; after trouble it begins anew, with an empty cache. */
  async function live(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await enter()
        for (;;) {
          await rest(leaseMs / 5)
          if (closing.signal.aborted) return
          if (!listener) throw new Error('the connection that brings changes broke')
          await renew()
        }
      } catch (error) {
        leaseEnd = -Infinity
        if (closing.signal.aborted) return
        onTrouble(error)
        await leave().catch(() => {})
        await rest(200)
      }
    }
  }

  /** LISTEN first, then the row, then the wait: from the row on, no change is missed. */
  async function enter(): Promise<void> {
    const { db, cache } = parts!
    if (!listener) await listen()
    cache.clear()
    lease = randomUUID()
    await db.run(sql`delete from replica where lease_until < now() - interval '1 minute'`)
    await db.run(sql`insert into replica (id, lease_until) values (${lease}, clock_timestamp() + make_interval(secs => ${leaseMs / 1000}))`)
    const row = await db.row<{ horizon: string }>(sql`select pg_snapshot_xmax(pg_current_snapshot())::text as horizon`)
    await outlast(row!.horizon)
    await renew()
  }

  /** Waits until every transaction that began to write before `horizon` has ended: it may have listed the leases without ours. */
  async function outlast(horizon: string): Promise<void> {
    for (let pause = 2; ; pause = Math.min(pause * 2, leaseMs / 5)) {
      const row = await parts!.db.row<{ isOver: boolean }>(sql`select pg_snapshot_xmin(pg_current_snapshot()) >= ${horizon}::text::xid8 as "isOver"`)
      if (row!.isOver) return
      await rest(pause)
      closing.signal.throwIfAborted()
      await keepRow()
    }
  }

  /** Prolongs the lease; rejects when it has run out meanwhile, for then changes may have gone by unseen. */
  async function renew(): Promise<void> {
    const sentAt = performance.now()
    peers = await keepRow()
    if (listener) leaseEnd = sentAt + leaseMs - margin
    for (const [change, { until }] of blocks) if (performance.now() > until) release(change)
  }

  /** Returns how many leases there are, ours included. */
  async function keepRow(): Promise<number> {
    const row = await parts!.db.relaxed.row<{ count: number }>(sql`
      with kept as (update replica set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
        where id = ${lease} and lease_until > clock_timestamp() returning id)
      select count(*) from replica where lease_until > clock_timestamp() and exists (select 1 from kept)`)
    if (row!.count === 0) throw new Error('the lease ran out')
    return row!.count
  }

  async function leave(): Promise<void> {
    const [old, gone] = [listener, lease]
    listener = undefined
    lease = ''
    if (gone !== '') lost = [gone, ...lost].slice(0, 20)
    for (const change of blocks.keys()) release(change)
    old?.removeAllListeners('error')
    old?.on('error', () => {})
    await old?.end().catch(() => {})
    if (gone !== '') await parts?.db.relaxed.run(sql`delete from replica where id = ${gone}`)
  }

  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  function listLeases(tx: Queryable): Promise<Lease[]> {
    return tx.rows<Lease>(sql`
      select id, extract(epoch from lease_until - clock_timestamp())::float8 * 1000 as "leftMs" from replica
      where lease_until > clock_timestamp() and not id = any(${lease === '' ? lost : [lease, ...lost]}::uuid[])`)
  }

  async function announced<Result>(keys: ReadonlySet<string>, others: Lease[], commit: () => Promise<Result>): Promise<Result> {
    if (!(await isListening())) throw new DatabaseUnavailable('the other processes cannot be told of this change')
    const change = randomUUID()
    const missing = new Map(others.map((one) => [one.id, one.leftMs]))
    const acked = new Promise<void>((resolve, reject) => {
      waiting.set(change, { answer: (from) => void (missing.delete(from) && missing.size === 0 && resolve()), fail: reject })
    })
    acked.catch(() => {})
    try {
      const parcels = packed([...keys])
      for (const [index, parcel] of parcels.entries()) {
        await send({ kind: 'block', from: self, change, keys: parcel, needsAck: index === parcels.length - 1 })
      }
      await answered(acked, missing)
      return await commit()
    } finally {
      waiting.delete(change)
      send({ kind: 'release', from: self, change }).catch(onTrouble)
    }
  }

  /** After a broken connection `live` listens again within moments; a change waits for that instead of failing. */
  async function isListening(): Promise<boolean> {
    for (let waited = 0; waited < comebackMs && !closing.signal.aborted; waited += 20) {
      if (listener) return true
      await sleep(20)
    }
    return listener !== undefined
  }

  /** Until all have answered, or those that have not hold no lease any more. */
  async function answered(acked: Promise<void>, missing: Map<string, number>): Promise<void> {
    while (missing.size > 0) {
      const done = new AbortController()
      const late = sleep(Math.max(...missing.values()) + 10, undefined, { signal: done.signal }).catch(() => {})
      try {
        await Promise.race([acked, late])
      } finally {
        done.abort()
      }
      if (missing.size === 0) return
      const alive = await parts!.db.rows<Lease>(sql`
        select id, extract(epoch from lease_until - clock_timestamp())::float8 * 1000 as "leftMs" from replica
        where lease_until > clock_timestamp() and id = any(${[...missing.keys()]}::uuid[])`)
      const left = new Map(alive.map((one) => [one.id, one.leftMs]))
      for (const one of missing.keys()) {
        if (left.has(one)) missing.set(one, left.get(one)!)
        else missing.delete(one)
      }
    }
  }
}

/** Keys in parcels that each fit into one notification. */
function packed(keys: string[]): string[][] {
  const parcels: string[][] = [[]]
  let size = 0
  for (const key of keys) {
    const bytes = Buffer.byteLength(JSON.stringify(key)) + 1
    if (size + bytes > payloadLimit) {
      parcels.push([])
      size = 0
    }
    parcels.at(-1)!.push(key)
    size += bytes
  }
  return parcels
}
