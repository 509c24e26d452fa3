import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type TcpProxy = AsyncDisposable & {
  port: number
  /** How long every answer is held back, in ms. */
  delayMs: number
  /** Cuts all connections and takes no new ones while true. */
  isCut: boolean
  /** New connections pass nothing on while true. */
  isSilent: boolean
  /** The `count` oldest of the open connections stay open, and pass nothing on any more. */
  silence(count?: number): void
}

/** A proxy between a client and any TCP server that delays or blocks what passes. */
export async function openTcpProxy(target: number | { path: string }): Promise<TcpProxy> {
  const open = new Map<Socket, { isSilent: boolean }>()
  const sockets = new Set<Socket>()
  const held = new Set<NodeJS.Timeout>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return void near.resetAndDestroy()
    const far = connect(typeof target === 'number' ? { port: target, host: '127.0.0.1' } : target)
    const state = { isSilent: proxy.isSilent }
    open.set(near, state)
    near.once('close', () => open.delete(near))
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => (sockets.delete(socket), near.destroy(), far.destroy()))
    }
    near.on('data', (chunk) => void (state.isSilent || far.write(chunk)))
    far.on('data', (chunk) => {
      if (state.isSilent) return
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
    isSilent: false,
    get isCut() {
      return isCut
    },
    set isCut(now) {
      isCut = now
      if (now) cut()
    },
    silence(count = Infinity) {
      for (const state of [...open.values()].slice(0, count)) state.isSilent = true
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
