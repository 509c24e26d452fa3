import { DatabaseError, Pool, type PoolClient, type PoolConfig } from 'pg'

/** How long a pool opens no more connections after PostgreSQL has refused one, in ms. */
const modestMs = 10_000
/** The pause before a refused connection is retried, in ms. */
const tryAgainMs = 25
/**
 * How long a caller waits for a connection that is in use before the pool opens another, in ms. Most statements are
 * over sooner; to open a connection takes as long, and 3 MB in PostgreSQL for as long as statements come now and then.
 */
const usualPatienceMs = 10

type ModestPoolConfig = PoolConfig & {
  /** As above, in ms. */
  patienceMs?: number | undefined
  /**
   * When so many ms have passed in which no caller had to wait for longer than `patienceMs`, a connection that is given
   * back while another is idle is closed, and so one by one; never when left out. Otherwise short statements that come
   * together every few seconds would use, and so keep open, all connections that a busy moment once needed.
   */
  shrinkAfterMs?: number | undefined
}

type Connected = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void

/**
 * A pool that copes with a PostgreSQL that takes no more connections (53300), as other processes share it: the caller
 * waits until a connection of this pool is free, as if the pool were full, and no longer than for any connection.
 */
export class ModestPool extends Pool {
  /** The most connections while PostgreSQL refuses none. */
  #size = this.options.max
  /** How many connections it was allowed more than at first. */
  #more = 0
  /** Callers that wait for a connection in use, in the order in which they came. */
  readonly #patient = new Set<() => void>()
  readonly #patienceMs: number
  readonly #shrinkAfterMs: number
  /** When a caller last waited for longer than that, or a connection was last closed, by performance.now(). */
  #scarceAt = performance.now()

  constructor({ patienceMs = usualPatienceMs, shrinkAfterMs = Infinity, ...options }: ModestPoolConfig) {
    super(options)
    this.#patienceMs = patienceMs
    this.#shrinkAfterMs = shrinkAfterMs
    this.on('release', () => {
      const [first] = this.#patient
      if (!first) return
      this.#patient.delete(first)
      // The connection is idle only after this event.
      process.nextTick(first)
    })
  }

  /** Allows so many more connections, or fewer; none that is open is ended. Their user may keep one of them. */
  resize(more: number): void {
    this.#more += more
    this.#size += more
    this.options.max = this.#size
  }

  override connect(): Promise<PoolClient>
  override connect(callback: Connected): void
  override connect(callback?: Connected): Promise<PoolClient> | undefined {
    if (!callback)
      return new Promise((resolve, reject) =>
        this.connect((error, client) => (client ? resolve(client) : reject(error!))),
      )
    const until = performance.now() + this.options.connectionTimeoutMillis!
    const ask = () =>
      super.connect((error, client, done) => {
        if (!(error instanceof DatabaseError) || error.code !== '53300' || performance.now() >= until)
          return callback(error, client, client ? this.#shrinking(client, done) : done)
        this.#makeDo()
        setTimeout(ask, tryAgainMs)
      })
    const isAllInUse = this.idleCount === 0 && this.totalCount > 0 && this.totalCount < this.options.max
    if (isAllInUse && !this.ending) this.#afterRelease(ask)
    else ask()
  }

  /** Calls `ask` when a connection was given back, and no later than after `#patienceMs`. */
  #afterRelease(ask: () => void): void {
    const go = () => {
      clearTimeout(late)
      this.#patient.delete(go)
      ask()
    }
    const giveUp = () => {
      this.#scarceAt = performance.now()
      go()
    }
    const late = setTimeout(giveUp, this.#patienceMs)
    this.#patient.add(go)
  }

  /** Gives a client back, and has the pool close it where it is one too many. */
  #shrinking(client: PoolClient, done: PoolClient['release']): PoolClient['release'] {
    client.release = (error) => done(error ?? this.#isTooMany())
    return client.release
  }

  #isTooMany(): boolean {
    const now = performance.now()
    if (this.idleCount === 0 || this.#patient.size > 0 || this.waitingCount > 0) return false
    if (now - this.#scarceAt < this.#shrinkAfterMs) return false
    this.#scarceAt = now
    return true
  }

  #makeDo(): void {
    if (this.options.max === this.#size) setTimeout(() => (this.options.max = this.#size), modestMs).unref()
    // Connections that are being opened count until they are refused, too, so it may take a few calls to reach their
    // number.
    this.options.max = Math.max(this.#more > 0 ? 2 : 1, this.totalCount)
  }
}
