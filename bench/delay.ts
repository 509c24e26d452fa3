import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/** A TCP proxy on loopback that holds back all bytes for `ms` in each direction, as a distant line would. */
export async function openDelay(port: number, ms: number): Promise<{ port: number } & AsyncDisposable> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1')
    client.pipe(later(ms)).pipe(target).pipe(later(ms)).pipe(client)
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

/** Every chunk passes `ms` after it came; as many are on their way at once as come in that time. */
function later(ms: number): Transform {
  return new Transform({
    highWaterMark: 2 ** 24,
    transform(chunk: Buffer, _, done) {
      setTimeout(() => this.push(chunk), ms)
      done()
    },
    flush(done) {
      setTimeout(done, ms + 1)
    },
  })
}
