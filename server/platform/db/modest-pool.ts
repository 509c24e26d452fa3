import { DatabaseError, Pool, type PoolClient } from 'pg'

/** How long a pool makes do with the connections it has once PostgreSQL has refused one, in ms. */
const modestMs = 10_000
/** Pause before the next try while it has none at all, in ms. */
const tryAgainMs = 25

type Connected = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void

/**
 * Where PostgreSQL takes no more connections (53300), because several processes share it or somebody else does: whoever
 * asks waits for one of ours to come free, as if the pool were full, for no longer than for any connection.
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
    // Those on their way count until they are refused as well: it may take some rounds to come down to what there is.
    this.options.max = Math.max(1, this.totalCount)
  }
}
