import { DatabaseError, Pool, type PoolClient } from 'pg'

/** How long a pool opens no more connections after PostgreSQL has refused one, in ms. */
const modestMs = 10_000
/** The pause before a refused connection is retried, in ms. */
const tryAgainMs = 25

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
  #size = this.options.max

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
          return callback(error, client, done)
        this.#makeDo()
        setTimeout(ask, tryAgainMs)
      })
    ask()
  }

  #makeDo(): void {
    if (this.options.max === this.#size) setTimeout(() => (this.options.max = this.#size), modestMs).unref()
    // Connections that are being opened count until they are refused, too, so it may take a few calls to reach their
    // number.
    this.options.max = Math.max(1, this.totalCount)
  }
}
