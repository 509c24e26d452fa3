import { EventEmitter } from 'node:events'
import { Client, DatabaseError, types, type ClientConfig, type Pool, type PoolClient } from 'pg'
import { ModestPool } from './modest-pool.ts'
import { sessionSettings, type Commit } from './session-settings.ts'
import { sql, type Sql } from './sql.ts'
import { asLibpq } from './url.ts'

/** The database cannot be reached, or no connection was free in time. Answered as 503; the client may retry. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'
}

export interface Queryable {
  /** All rows of the result. The statement itself must bound their number (limit, any($1) of a bounded list). */
  rows<Row>(statement: Sql): Promise<Row[]>
  /** The first row, or undefined. */
  row<Row>(statement: Sql): Promise<Row | undefined>
  /** Runs a statement and returns the number of rows it changed. */
  run(statement: Sql): Promise<number>
  /** One page of a list and the number of rows of the whole list, read in parallel. */
  page<Row>(list: List, part: PagePart): Promise<Paged<Row>>
}

/** A list: `select <columns> <from>`. `counted` stands in place of `from` where counting needs fewer joins. */
export type List = { columns: Sql; from: Sql; counted?: Sql }
/** One page of a list, and the number of rows of the whole list. */
export type Paged<Row> = { rows: Row[]; total: number }
/** Which part of a list, in which order; a Listing (listing.ts) is one. */
export type PagePart = { order: Sql; limit: number; offset: number }

/** A function that takes a Tx has to be called inside a transaction. */
export interface Tx extends Queryable {
  /** Names a cached fact that this transaction makes untrue; see platform/cache. */
  changes(...subjects: string[]): void
  /** Calls this process's listeners of `subject` once the transaction has committed; see Db.onTold. */
  tells(subject: string): void
}

export interface Db extends Queryable {
  /**
   * Runs `work` in one transaction: commits when it resolves, rolls back when it rejects. After a deadlock or a
   * serialization failure it is retried, up to 5 times in all, so `work` must not have effects outside `tx`.
   */
  transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>
  /**
   * Calls `listener` after each commit of this process that told `subject`. Only a hint: commits of other processes are
   * not heard, except through `hear`, so the listener's owner has to poll the database, too. Returns the function
   * that ends it.
   */
  onTold(subject: string, listener: () => void): () => void
  /** Calls the listeners of `subject` for a commit of another process. */
  hear(subject: string): void
  /**
   * The same database with commits that do not wait for the disk: for data that may be lost when the machine loses
   * power (upload sessions, pull counts), never for data whose storing a client was told of.
   */
  readonly relaxed: Queryable
  /** Connections of the main pool: all, idle ones, and the callers that wait for one. */
  counts(): { total: number; idle: number; waiting: number }
  /** A connection outside the pool, for LISTEN and long work. The caller ends it. */
  connect(): Promise<Client>
  /**
   * The pool of `relaxed`, for a library that brings its own statements, until the returned function is called. It has
   * `more` connections meanwhile, which come on top of `poolSize`: what little happens in an idle process needs one
   * connection in all, instead of one for each pool. Not to be ended by the caller.
   */
  lendPool(more: number): { pool: Pool; giveBack(): void }
  /** The start is over: from now on nobody waits longer for a connection than a request may. */
  hurry(): void
  close(): Promise<void>
}

/** What must happen around the commit of a transaction that changes cached facts. Lent by platform/cache. */
export type CommitGuard = {
  around<Result>(subjects: ReadonlySet<string>, tx: Queryable, commit: () => Promise<Result>): Promise<Result>
}

export type DbOptions = {
  url: string
  /** Connections of the main pool; the relaxed pool has a quarter, at least 2. */
  poolSize: number
  /** How long a request waits for a connection, in ms. */
  acquireTimeoutMs: number
  /** How long what a start asks waits for a connection, in ms, until `hurry` is called; as above when left out. */
  patientTimeoutMs?: number
  /** PostgreSQL ends a statement after this, in ms. */
  statementTimeoutMs: number
  /** PostgreSQL gives up waiting for a row lock after this, in ms. */
  lockTimeoutMs: number
  guard?: CommitGuard
  onError?: (error: Error) => void
}

// Sizes, counts and ids stay below 2^53, so a bigint column is a number (the default is a string).
types.setTypeParser(types.builtins.INT8, Number)

/** Opens the pools; connects on first use. */
export function openDb(given: DbOptions): Db {
  const options = {
    ...given,
    url: asLibpq(given.url),
    acquireTimeoutMs: given.patientTimeoutMs ?? given.acquireTimeoutMs,
  }
  const pools: Pool[] = []
  let isClosed = false
  const told = new EventEmitter()
  // The pool does not wait until its connections are closed: a database that ends right after may answer with an error.
  const onError = (error: Error) => void (isClosed || options.onError?.(error))
  const open = (size: number, commit: Commit, patienceMs?: number) => {
    const pool = openPool({ ...options, onError, patienceMs }, size, commit)
    pools.push(pool)
    return pool
  }
  const main = open(options.poolSize, 'on')
  const relaxed = open(Math.max(2, options.poolSize >> 2), 'off', relaxedPatienceMs)
  return {
    ...queryable(main),
    relaxed: queryable(relaxed),
    transaction: (work) => retryingConflicts(() => transact(main, options.guard, told, work)),
    onTold: (subject, listener) => {
      told.on(subject, listener)
      return () => void told.off(subject, listener)
    },
    hear: (subject) => void told.emit(subject),
    counts: () => ({ total: main.totalCount, idle: main.idleCount, waiting: main.waitingCount }),
    connect: async () => {
      const client = new Client(clientOptions(options))
      await client.connect().catch(translate)
      await client.query(sessionSettings(options, 'on')).catch(translate)
      return client
    },
    lendPool(more) {
      relaxed.resize(more)
      return { pool: relaxed, giveBack: () => relaxed.resize(-more) }
    },
    hurry() {
      options.acquireTimeoutMs = given.acquireTimeoutMs
      for (const pool of pools.splice(0)) pool.options.connectionTimeoutMillis = given.acquireTimeoutMs
    },
    close: async () => {
      isClosed = true
      await Promise.all([main.end(), relaxed.end()])
    },
  }
}

/** In ms. All workers of the queue poll at once, and one after the other they are done sooner. */
const relaxedPatienceMs = 50

function clientOptions(options: DbOptions): ClientConfig {
  return {
    connectionString: options.url,
    application_name: 'marina',
    connectionTimeoutMillis: options.acquireTimeoutMs,
  }
}

type PoolOptions = DbOptions & { patienceMs: number | undefined }

function openPool(options: PoolOptions, max: number, commit: Commit): ModestPool {
  const pool = new ModestPool({
    ...clientOptions(options),
    max,
    patienceMs: options.patienceMs,
    // BEGIN is sent together with the first statement: one wake-up of PostgreSQL less for each transaction.
    pipeline: true,
    // Each holds 2 MB in PostgreSQL.
    idleTimeoutMillis: 15_000,
    // Awaited, whatever its type says: a connection is handed out with its settings, or not at all.
    onConnect: (client) => client.query(sessionSettings(options, commit)) as unknown as void,
  })
  pool.on('error', (error) => options.onError?.(error))
  // Without a listener, a database that goes away while a caller holds a connection between two statements ends the
  // process.
  pool.on('connect', (client) => {
    client.on('error', () => {})
  })
  return pool
}

function queryable(source: Pool | PoolClient): Queryable {
  const ask = (statement: Sql) => (source as Pool).query(statement).catch(translate)
  return {
    page: async <Row>(
      { columns, from, counted = from }: List,
      { order, limit, offset }: PagePart,
    ): Promise<Paged<Row>> => {
      const [page, count] = await Promise.all([
        ask(sql`select ${columns} ${from} order by ${order} limit ${limit} offset ${offset}`),
        ask(sql`select count(*) ${counted}`),
      ])
      return { rows: page.rows as Row[], total: (count.rows[0] as { count: number }).count }
    },
    rows: async <Row>(statement: Sql) => (await ask(statement)).rows as Row[],
    row: async <Row>(statement: Sql) => (await ask(statement)).rows[0] as Row | undefined,
    run: async (statement) => (await ask(statement)).rowCount ?? 0,
  }
}

async function transact<Result>(
  pool: Pool,
  guard: CommitGuard | undefined,
  told: EventEmitter,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect().catch(translate)
  const subjects = new Set<string>()
  const tellings = new Set<string>()
  let broken: Error | undefined
  // Between two statements the pool does not listen: without this, a database that goes away then ends the process.
  const onBroken = (error: Error) => (broken = error)
  client.on('error', onBroken)
  try {
    // BEGIN is sent together with the first statement; its failure shows up there.
    const begun = client.query('BEGIN').catch(translate)
    begun.catch(() => {})
    const result = await work({
      ...queryable(client),
      changes: (...more) => more.forEach((one) => subjects.add(one)),
      tells: (one) => void tellings.add(one),
    })
    await begun
    const commit = async () => {
      const { command } = await client.query('COMMIT').catch(translate)
      // PostgreSQL answers ROLLBACK, without an error, when a statement had failed and `work` went on nevertheless.
      if (command !== 'COMMIT') throw new Error('the transaction was rolled back: one of its statements had failed')
    }
    await (guard && subjects.size > 0 ? guard.around(subjects, queryable(client), commit) : commit())
    for (const one of tellings) told.emit(one)
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => (broken = failure))
    throw error
  } finally {
    client.off('error', onBroken)
    client.release(broken)
  }
}

const attempts = 5

async function retryingConflicts<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === attempts || !isConflict(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempt))
    }
  }
}

/** serialization_failure and deadlock_detected: the transaction is to be retried. */
function isConflict(error: unknown): boolean {
  return isPgError(error) && (error.code === '40001' || error.code === '40P01')
}

export function isPgError(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError
}

/** A unique index refused the row; `constraint` narrows it to one. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return isPgError(error) && error.code === '23505' && (!constraint || error.constraint === constraint)
}

/** A foreign key refused: a row to be deleted is still referenced, or a referenced row is gone. */
export function isReferenceViolation(error: unknown): boolean {
  return isPgError(error) && (error.code === '23503' || error.code === '23001')
}

/** Turns connection errors and timeouts into DatabaseUnavailable; other errors of SQL pass through. */
function translate(error: unknown): never {
  throw translated(error)
}

/** As `translate`, for errors of `pg` that came another way than through a Db. */
export function translated(error: unknown): Error {
  if (isPgError(error)) {
    // 53xxx no resources, 57P0x shutting down, 57014 statement timeout, 55P03 lock timeout, 08xxx connection, 25006
    // read-only.
    if (/^(53|57P0|57014|55P03|08|25006)/.test(error.code ?? ''))
      return new DatabaseUnavailable(`the database refused: ${error.message}`, { cause: error })
    return error
  }
  const message = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error)
  return new DatabaseUnavailable(`the database cannot be reached: ${message}`, { cause: error })
}
