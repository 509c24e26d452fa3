import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/**
 * A TCP proxy on loopback that holds back all bytes for `ms` in each direction, as a distant line would. With
 * `bytesPerSecond`, all connections together get no more than that.
 */
export async function openDelay(
  port: number,
  ms: number,
  bytesPerSecond = Infinity,
): Promise<{ port: number } & AsyncDisposable> {
  const pace = openPace(bytesPerSecond)
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1')
    client
      .pipe(later(ms, () => 0))
      .pipe(target)
      .pipe(later(ms, pace))
      .pipe(client)
    for (const socket of [client, target]) {
      open.add(socket)
      socket.setNoDelay(true).on('error', () => [client, target].forEach((one) => one.destroy()))
      socket.once('close', () => open.delete(socket))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** So far ahead of the line, in ms, a sender may be; then it has to wait. */
const aheadMs = 20

/** Returns a function that says in how many ms the line is free for so many bytes, and takes it for them. */
function openPace(bytesPerSecond: number): (bytes: number) => number {
  let freeAt = 0
  return (bytes) => {
    const now = performance.now()
    freeAt = Math.max(now, freeAt) + (bytes / bytesPerSecond) * 1000
    return freeAt - now
  }
}

/** Every chunk passes `ms` after the line was free for it; as many are on their way at once as come in that time. */
function later(ms: number, pace: (bytes: number) => number): Transform {
  const waiting: Buffer[] = []
  let last = 0
  return new Transform({
    highWaterMark: 2 ** 24,
    transform(chunk: Buffer, _, done) {
      const wait = pace(chunk.length)
      waiting.push(chunk)
      last = performance.now() + wait + ms
      // Timers of different lengths may end out of order; the bytes never do.
      setTimeout(() => this.push(waiting.shift()), wait + ms)
      if (wait > aheadMs) setTimeout(done, wait - aheadMs)
      else done()
    },
    flush(done) {
      setTimeout(done, Math.max(0, last - performance.now()) + 1)
    },
  })
}
