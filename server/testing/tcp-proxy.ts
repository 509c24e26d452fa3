import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type TcpProxy = AsyncDisposable & {
  port: number
  /** How long every answer is held back, in ms. */
  delayMs: number
  /** Cuts all connections and takes no new ones while true. */
  isCut: boolean
}

/** Stands between a client and any TCP server, and makes the way long or impassable. */
export async function openTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const held = new Set<NodeJS.Timeout>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return void near.resetAndDestroy()
    const far = connect(targetPort, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => (sockets.delete(socket), near.destroy(), far.destroy()))
    }
    near.pipe(far)
    far.on('data', (chunk) => {
      if (proxy.delayMs === 0) return void near.write(chunk)
      const timer = setTimeout(() => (held.delete(timer), near.write(chunk)), proxy.delayMs)
      held.add(timer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => [...sockets].forEach((socket) => socket.destroy())
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    delayMs: 0,
    get isCut() {
      return isCut
    },
    set isCut(now) {
      isCut = now
      if (now) cut()
    },
    async [Symbol.asyncDispose]() {
      for (const timer of held) clearTimeout(timer)
      server.close()
      cut()
      await once(server, 'close')
    },
  }
  return proxy
}
