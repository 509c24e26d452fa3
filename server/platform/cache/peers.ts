import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { DatabaseUnavailable, type CommitGuard, type Db, type Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { Cache } from './cache.ts'
import type { Stamps } from './stamps.ts'

/**
 * Keeps the memory caches of all processes on one database true, with PostgreSQL alone. The argument is in
 * docs/decisions/0007-caching.md; in short:
 * - A process serves from memory only while it holds a lease, a row that says until when (the database's clock).
 * - Before a commit, the writer tells every process with a lease which keys change, and waits until each has blocked them or
 *   its lease has run out. After the commit it releases them.
 * - A process that joins keeps nothing until every transaction that may not have seen its row has ended.
 * With `stamps`, it also notes every change there, in step with all others (docs/decisions/0009-redis.md).
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
  /** Asks every process with a lease, this one included, and waits at most 2 s. Answers in no order. */
  ask(question: Question): Promise<unknown[]>
}

/** Something that only the processes themselves can say or do; JSON both ways. */
export type Question = { about: string; [more: string]: unknown }

type PeersOptions = {
  /** How long a process that says nothing may hold up the others' writes, in ms. */
  leaseMs?: number
  /** From when on a block that nobody released is lifted, once its transaction has ended, in ms. */
  blockLimitMs?: number
  /** Kept in step with those of all other processes that have one. */
  stamps?: Stamps
  /** Answers what another process asks. */
  onQuestion?: (question: Question) => unknown
  onTrouble?: (error: unknown) => void
}

/** `from` of a block or release names a process, `from` of an ack a lease. `xid` is the transaction that makes the change. */
type Message = { from: string; change: string } & ({ kind: 'block'; keys: string[]; needsAck: boolean; xid?: string | null } | { kind: 'release' } | { kind: 'ack'; to: string })
/** `change` is the question's own id; `to` names a lease, or everybody. */
type Asking = { kind: 'ask'; from: string; change: string; to: string | null; question: Question | 'stamps' }
/** A row of `replica`; `until` as the database writes it. */
type Lease = { id: string; until: string }
/** `xid` null: it has written nothing. */
type Change = { keys: ReadonlySet<string>; xid: string | null; others: Lease[] }
type Waiting = { answer(lease: string): void; hear(): void; fail(error: Error): void }

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
/** Twice what PostgreSQL lets a silent transaction live. */
const blockLimit = 120_000
/** How long a question to other processes waits for their answers, in ms. */
const answerMs = 2000

export function openPeers({ leaseMs = 5000, blockLimitMs = blockLimit, stamps, onQuestion, onTrouble = () => {} }: PeersOptions = {}): Peers {
  const closing = new AbortController()
  const self = randomUUID()
  /** Changes of others that we have blocked. */
  const blocks = new Map<string, { releases: (() => void)[]; until: number; xid: string | null }>()
  /** Our own changes that wait for others. */
  const waiting = new Map<string, Waiting>()
  /** Our own request for a table of stamps, until it comes back to us. */
  let awaited: { change: string; begun(): void } | undefined
  let lease = ''
  /** Leases of our own that may still stand in the database after a broken connection; nothing is served under them. */
  let lost: string[] = []
  let leaseEnd = -Infinity
  /** The same on the clock of the wall: a machine that slept finds its monotonic clock where it was. */
  let leaseEndOnWall = -Infinity
  /** Leases of others as they stand, and since when on our own clock: that of the database may jump. */
  const seen = new Map<string, { until: string; at: number }>()
  let peers = 1
  let parts: { db: Db; cache: Cache } | undefined
  let listener: pg.Client | undefined
  let wake = () => {}
  let living: Promise<void> = Promise.resolve()

  return {
    isTrusted,
    count: () => peers,

    async join(db, cache, { isReader = true } = {}) {
      parts = { db, cache }
      await listen()
      if (isReader) living = live()
    },

    async around(keys, tx, commit) {
      if (!parts) return commit()
      const { cache } = parts
      const open = cache.block(keys)
      const end = () => {
        open()
        cache.tidy(keys)
      }
      let change: Change
      try {
        change = { keys, ...(await lookAround(tx)) }
      } catch (error) {
        end()
        throw error
      }
      if (change.others.length > 0) return announced(change, commit, end)
      // Nobody else to tell, and nobody can have joined since who would have to hear of it.
      stamps?.note(randomUUID(), keys)
      return committed(change, commit, end)
    },

    async ask(question) {
      if (!parts) return []
      const change = randomUUID()
      await send({ kind: 'ask', from: self, change, to: null, question })
      const expected = await parts.db.row<{ count: number }>(sql`select count(*) from replica where lease_until > clock_timestamp()`)
      const bodies = await answersTo(change, expected!.count)
      return bodies.map((body) => JSON.parse(body.toString('utf8')) as unknown)
    },

    async [Symbol.asyncDispose]() {
      closing.abort()
      leaseEnd = -Infinity
      stamps?.forget()
      wake()
      await living.catch(() => {})
      await leave().catch(onTrouble)
    },
  }

  function isTrusted(): boolean {
    return performance.now() < leaseEnd && Date.now() < leaseEndOnWall
  }

  async function listen(): Promise<void> {
    const client = await parts!.db.connect()
    client.on('notification', ({ payload }) => receive(payload!))
    client.on('error', (error) => {
      if (listener !== client) return
      leaseEnd = -Infinity
      // A PostgreSQL that crashed may have gone back to a lease from before.
      seen.clear()
      listener = undefined
      giveUp(error)
      wake()
    })
    listener = client
    // Renewals need not wait for the disk.
    await inTime(client.query(`set synchronous_commit to off; listen ${channel}`))
  }

  /** The answers that our changes wait for can no longer reach us. */
  function giveUp(cause: unknown) {
    for (const one of waiting.values()) one.fail(new DatabaseUnavailable('the connection to the other processes broke', { cause }))
  }

  function receive(payload: string) {
    const message = JSON.parse(payload) as Message | Asking
    if (message.kind === 'ack') {
      if (message.to === self) waiting.get(message.change)?.answer(message.from)
    } else if (message.kind === 'ask') {
      answerTo(message)
    } else if (message.from === self) {
      // Blocked here already. Noted only now, at its place among the changes of all.
      if (message.kind === 'block') {
        stamps?.note(message.change, message.keys)
        waiting.get(message.change)?.hear()
      }
    } else if (message.kind === 'release') {
      release(message.change)
    } else {
      const block = blocks.get(message.change) ?? { releases: [], until: performance.now() + blockLimitMs, xid: message.xid ?? null }
      blocks.set(message.change, block)
      block.releases.push(parts!.cache.block(message.keys))
      stamps?.note(message.change, message.keys)
      if (message.needsAck && lease !== '') send({ kind: 'ack', from: lease, to: message.from, change: message.change }).catch(onTrouble)
    }
  }

  function answerTo({ change, to, question }: Asking) {
    if (question === 'stamps') {
      if (change === awaited?.change) {
        // Whom we asked copies its table at this very place among all changes: from here on we note what is to be added.
        stamps!.begin()
        awaited.begun()
      }
      if (to !== lease || lease === '' || !isTrusted()) return
      const known = stamps?.table()
      if (known) reply(change, known.table)
      return
    }
    if (lease === '' || (to !== null && to !== lease)) return
    const answer = onQuestion?.(question)
    Promise.resolve(answer).then((value) => reply(change, Buffer.from(JSON.stringify(value ?? null))), onTrouble)
  }

  /** By a row, as notifications are small. */
  function reply(change: string, body: Buffer) {
    parts!.db.relaxed.run(sql`insert into replica_answer (question, replica, body) values (${change}, ${lease}, ${body}::bytea) on conflict do nothing`).catch(onTrouble)
  }

  /** Waits for so many answers, at most 2 s, and returns those there are. */
  async function answersTo(change: string, count: number): Promise<Buffer[]> {
    const { db } = parts!
    const end = performance.now() + answerMs
    for (let pause = 3; ; pause = Math.min(pause * 2, 100)) {
      await sleep(pause)
      const there = await db.row<{ count: number }>(sql`select count(*) from replica_answer where question = ${change}`)
      if (there!.count < count && performance.now() < end && !closing.signal.aborted) continue
      const rows = await db.rows<{ body: Buffer }>(sql`delete from replica_answer where question = ${change} returning body`)
      return rows.map(({ body }) => body)
    }
  }

  function release(change: string) {
    for (const open of blocks.get(change)?.releases ?? []) open()
    blocks.delete(change)
  }

  async function send(message: Message | Asking) {
    await parts!.db.relaxed.run(sql`select pg_notify(${channel}, ${JSON.stringify(message)})`)
  }

  /** Takes part for as long as we are not closed; after trouble it begins anew, with an empty cache. */
  async function live(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await enter()
        if (stamps) learn(lease).catch(onTrouble)
        for (;;) {
          await rest(leaseMs / 5)
          if (closing.signal.aborted) return
          if (!listener) throw new Error('the connection that brings changes broke')
          await renew()
        }
      } catch (error) {
        leaseEnd = -Infinity
        stamps?.forget()
        if (closing.signal.aborted) return
        onTrouble(error)
        giveUp(error)
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
    stamps?.forget()
    lease = randomUUID()
    await db.run(sql`delete from replica where lease_until < now() - interval '1 minute'`)
    await db.run(sql`delete from replica_answer where written_at < now() - interval '1 minute'`)
    await db.run(sql`insert into replica (id, lease_until) values (${lease}, clock_timestamp() + make_interval(secs => ${leaseMs / 1000}))`)
    const row = await db.row<{ horizon: string }>(sql`select pg_snapshot_xmax(pg_current_snapshot())::text as horizon`)
    await outlast(row!.horizon)
    await renew()
  }

  /** Finds out the stamps for as long as we hold this lease: from another process, or, where none knows them, by beginning anew. */
  async function learn(of: string): Promise<void> {
    const isOurs = () => lease === of && !closing.signal.aborted
    while (isOurs() && !(await learnOnce(of))) await sleep(leaseMs / 5, undefined, { ref: false })
  }

  async function learnOnce(of: string): Promise<boolean> {
    const fresh = randomUUID()
    // One after the other: two that begin at once must not begin two generations.
    const source = await parts!.db.transaction(async (tx) => {
      await tx.row(sql`select pg_advisory_xact_lock(hashtext(${channel}))`)
      const known = await tx.row<{ id: string; generation: string }>(sql`
        select id, generation from replica where generation is not null and id <> ${of} and lease_until > clock_timestamp() order by random() limit 1`)
      if (known) return known
      stamps!.begin()
      const made = await tx.run(sql`update replica set generation = ${fresh} where id = ${of} and lease_until > clock_timestamp()`)
      return made > 0 ? undefined : null
    })
    if (lease !== of || source === null) return false
    if (source === undefined) {
      stamps!.found(fresh)
      return true
    }
    return adoptFrom(source, of)
  }

  async function adoptFrom(source: { id: string; generation: string }, of: string): Promise<boolean> {
    const change = randomUUID()
    let begun = false
    awaited = { change, begun: () => (begun = true) }
    await send({ kind: 'ask', from: self, change, to: source.id, question: 'stamps' })
    const [table] = await answersTo(change, 1)
    const isOurs = awaited.change === change
    if (!table || !begun || !isOurs || lease !== of) return false
    awaited = undefined
    stamps!.adopt(source.generation, table)
    await parts!.db.run(sql`update replica set generation = ${source.generation} where id = ${of}`)
    return true
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
    const [sentAt, wall] = [performance.now(), Date.now()]
    const others = await keepRow()
    peers = others.length + 1
    if (listener) leaseEnd = sentAt + leaseMs - margin
    leaseEndOnWall = wall + leaseMs - margin
    for (const id of seen.keys()) if (others.every((one) => one.id !== id)) seen.delete(id)
    for (const one of others) if (leftMs(one) <= 0) await endLease(one)
    await liftOld()
  }

  /** Blocks whose release was lost. One whose transaction has not ended stays: what is read now may be old in a moment. */
  async function liftOld(): Promise<void> {
    const old = [...blocks].filter(([, { until }]) => performance.now() > until)
    if (old.length === 0) return
    const over = await listEnded(old.flatMap(([, { xid }]) => xid ?? []))
    for (const [change, { xid }] of old) if (xid === null || over.has(xid)) release(change)
  }

  /** Of these transactions, those that have ended, this way or that. */
  async function listEnded(xids: string[]): Promise<Set<string>> {
    const rows = await parts!.db.rows<{ xid: string }>(sql`
      select xid from unnest(${xids}::text[]) as xid where pg_visible_in_snapshot(xid::xid8, pg_current_snapshot())`)
    return new Set(rows.map(({ xid }) => xid))
  }

  /** Returns the leases of others. */
  async function keepRow(): Promise<Lease[]> {
    if (!listener) throw new Error('the connection that brings changes broke')
    // By that very connection: one that went silent without breaking must not leave us with a lease, and others waiting for our answers.
    const { rows } = await inTime(listener.query<{ isKept: boolean; others: Lease[] }>(sql`
      with kept as (update replica set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
        where id = ${lease} and lease_until > clock_timestamp() returning id)
      select exists (select 1 from kept) as "isKept", ${leases} as others from replica where id <> ${lease}`))
    if (!rows[0]!.isKept) throw new Error('the lease ran out')
    return rows[0]!.others
  }

  /**
   * How long another may serve from memory by a lease that stands so, counted from when we first saw it: it was renewed before, and
   * is served under for a second less than that.
   */
  function leftMs({ id, until }: Lease): number {
    const now = performance.now()
    if (seen.get(id)?.until !== until) seen.set(id, { until, at: now })
    return seen.get(id)!.at + leaseMs - now
  }

  /** Ends a lease for good: who wakes up with it cannot renew it. False when it was renewed. */
  async function endLease({ id, until }: Lease): Promise<boolean> {
    return (await parts!.db.run(sql`delete from replica where id = ${id} and lease_until = ${until}::text::timestamptz`)) > 0
  }

  /** Rejects when an answer takes so long that the lease has run out. */
  async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const done = new AbortController()
    const late = sleep(leaseMs, undefined, { signal: done.signal, ref: false }).then(() => {
      throw new Error('the connection that brings changes went silent')
    })
    late.catch(() => {})
    answer.catch(() => {})
    try {
      return await Promise.race([answer, late])
    } finally {
      done.abort()
    }
  }

  async function leave(): Promise<void> {
    const [old, gone] = [listener, lease]
    listener = undefined
    lease = ''
    if (gone !== '') lost = [gone, ...lost].slice(0, 20)
    for (const change of blocks.keys()) release(change)
    old?.removeAllListeners('error')
    old?.on('error', () => {})
    // One that went silent never says goodbye.
    if (old) await inTime(old.end()).catch(() => {})
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

  /** What the transaction has to know: its own id, and who else holds a lease. */
  async function lookAround(tx: Queryable): Promise<Omit<Change, 'keys'>> {
    const row = await tx.row<Omit<Change, 'keys'>>(sql`
      select pg_current_xact_id_if_assigned()::text as xid, ${leases} as others
      from replica where not id = any(${lease === '' ? lost : [lease, ...lost]}::uuid[])`)
    return row!
  }

  /**
   * Commits, then ends the block. A commit without an answer, because the connection broke, may still take place: the block
   * stays until the database knows nothing of the transaction any more.
   */
  async function committed<Result>({ xid }: Pick<Change, 'xid'>, commit: () => Promise<Result>, end: () => void): Promise<Result> {
    let isUnknown = false
    try {
      return await commit()
    } catch (error) {
      isUnknown = error instanceof DatabaseUnavailable
      throw error
    } finally {
      if (isUnknown && xid !== null) void outlive(xid).then(end)
      else end()
    }
  }

  /** However long that takes; when we are closed meanwhile, others find out by themselves. */
  async function outlive(xid: string): Promise<void> {
    const isOver = () => listEnded([xid]).then((ended) => ended.has(xid), () => false)
    for (let pause = 10; !(await isOver()) && !closing.signal.aborted; pause = Math.min(pause * 2, 1000)) await sleep(pause, undefined, { ref: false })
  }

  async function announced<Result>({ keys, xid, others }: Change, commit: () => Promise<Result>, open: () => void): Promise<Result> {
    const change = randomUUID()
    const end = () => {
      open()
      send({ kind: 'release', from: self, change }).catch(onTrouble)
    }
    try {
      await announce(change, { keys, xid, others })
    } catch (error) {
      end()
      throw error
    }
    return committed({ xid }, commit, end)
  }

  /** Resolves when nobody serves the keys any more. */
  async function announce(change: string, { keys, xid, others }: Change): Promise<void> {
    if (!(await isListening())) throw new DatabaseUnavailable('the other processes cannot be told of this change')
    const missing = new Map(others.map((one) => [one.id, one]))
    const parcels = packed([...keys])
    const own = { unheard: parcels.length }
    const acked = new Promise<void>((resolve, reject) => {
      const look = () => void (missing.size === 0 && own.unheard === 0 && resolve())
      waiting.set(change, { answer: (from) => void (missing.delete(from) && look()), hear: () => (own.unheard--, look()), fail: reject })
    })
    acked.catch(() => {})
    try {
      for (const [index, parcel] of parcels.entries()) {
        await send({ kind: 'block', from: self, change, keys: parcel, needsAck: index === parcels.length - 1, xid })
      }
      await answered(acked, missing, own)
    } finally {
      waiting.delete(change)
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

  /** Until all have answered, or those that have not hold no lease any more, and we have heard ourselves (and noted the change). */
  async function answered(acked: Promise<void>, missing: Map<string, Lease>, own: { unheard: number }): Promise<void> {
    const end = performance.now() + leaseMs * 3
    while (missing.size > 0 || own.unheard > 0) {
      if (missing.size === 0 && performance.now() > end) throw new DatabaseUnavailable('our own announcement of this change did not come back')
      const done = new AbortController()
      const late = sleep(Math.max(100, ...[...missing.values()].map(leftMs)) + 10, undefined, { signal: done.signal }).catch(() => {})
      try {
        await Promise.race([acked, late])
      } finally {
        done.abort()
      }
      if (missing.size > 0) await dropSilent(missing)
    }
  }

  /** Of those that have not answered: forgets who has left, and ends the leases that have run out. */
  async function dropSilent(missing: Map<string, Lease>): Promise<void> {
    const row = await parts!.db.row<{ there: Lease[] }>(sql`select ${leases} as there from replica where id = any(${[...missing.keys()]}::uuid[])`)
    const there = new Map(row!.there.map((one) => [one.id, one]))
    for (const id of missing.keys()) {
      const one = there.get(id)
      if (!one || (leftMs(one) <= 0 && (await endLease(one)))) missing.delete(id)
      else missing.set(id, one)
    }
  }
}

/** Of all rows of `replica` that a statement finds. */
const leases = sql`coalesce(json_agg(json_build_object('id', id, 'until', lease_until)) filter (where id is not null), '[]')`

/**
 * Ends the leases of processes that are known to be dead, all of them: while one ran out by itself, every push would wait
 * for up to `leaseMs`. Only for a database that no other process uses yet.
 */
export async function forgetLeases(db: Queryable): Promise<void> {
  await db.run(sql`delete from replica`)
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
