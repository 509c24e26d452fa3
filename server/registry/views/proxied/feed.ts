import { Readable } from 'node:stream'

/** What Marina's own storage gets of a download: each chunk as it comes, at the pace of the disk. */
export interface Feed {
  readonly stream: Readable
  /** A promise only where the storage is behind. Chunks are dropped once the storage has given up. */
  take(chunk: Buffer): Promise<void> | undefined
  end(): void
  fail(error: unknown): void
}

export function openFeed(): Feed {
  let goOn = () => {}
  const stream = new Readable({
    highWaterMark: 2 ** 20,
    read: () => goOn(),
    destroy(error, done) {
      goOn()
      done(error)
    },
  })
  // Its reader gets the error; when it has gone, nobody needs it.
  stream.on('error', () => {})
  return {
    stream,
    take(chunk) {
      if (stream.destroyed || stream.push(chunk)) return undefined
      return new Promise((resolve) => (goOn = resolve))
    },
    end: () => void (stream.destroyed || stream.push(null)),
    fail: (error) => void stream.destroy(error as Error),
  }
}
