import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, isIP } from 'node:net'
import { promisify } from 'node:util'
import { connect as connectTls } from 'node:tls'
import { openNames } from '../outbound/names.ts'

/** `write` rejects when the connection is broken or the server takes nothing for too long. */
export type Connection = { write(message: Buffer): Promise<void>; close(): void }

type Target = { transport: 'udp' | 'tcp' | 'tls'; host: string; port: number }

type ConnectorOptions = {
  /** Whether an address may be called. */
  isOpen(address: string): boolean
  /** Certificate authorities to trust instead of the usual ones, PEM. */
  ca: string | undefined
  /** For a connection and for each write, in ms. */
  timeoutMs: number
  /** Ends connecting and writing. */
  signal: AbortSignal
}

/** RFC 5426 wants receivers to take 2,048 bytes at least; most take 8 KiB. */
const largestDatagram = 8 * 1024

/**
 * Connects to the server of a target. Rejects for an address that may not be called, and when the server cannot be
 * reached.
 */
export function openConnector(options: ConnectorOptions): (target: Target) => Promise<Connection> {
  // Not dns.lookup: that takes a thread of libuv, so a name whose DNS hangs would hold up files and other names.
  const lookup = promisify(openNames())

  return async ({ transport, host, port }) => {
    const address = await resolve(host)
    return transport === 'udp' ? openUdp(address, port) : openStream({ transport, host, address, port }, options)
  }

  /** Resolves the name once and checks all its addresses; the connection goes to the very address that was checked. */
  async function resolve(host: string): Promise<string> {
    const found = isIP(host) ? [{ address: host }] : await lookup(host)
    if (found.length === 0 || !found.every(({ address }) => options.isOpen(address)))
      throw new Error('this address may not be called: open it with MARINA_OUTBOUND_ALLOW')
    return found[0]!.address
  }
}

function openUdp(address: string, port: number): Connection {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
  socket.unref()
  socket.on('error', () => {})
  return {
    write: (message) =>
      new Promise((done, fail) =>
        socket.send(message.subarray(0, largestDatagram), port, address, (error) => (error ? fail(error) : done())),
      ),
    close: () => socket.close(),
  }
}

async function openStream(
  { transport, host, address, port }: { transport: 'tcp' | 'tls'; host: string; address: string; port: number },
  { ca, timeoutMs, signal }: ConnectorOptions,
): Promise<Connection> {
  const inTime = () => AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const connectBy = inTime()
  const servername = isIP(host) ? {} : { servername: host }
  const socket =
    transport === 'tls'
      ? connectTls({ host: address, port, ...servername, ...(ca ? { ca } : {}) })
      : connect({ host: address, port })
  let broken: Error | undefined
  socket.on('error', (error) => (broken = error))
  socket.on('close', () => (broken ??= new Error('the connection was closed')))
  socket.unref()
  try {
    await once(socket, transport === 'tls' ? 'secureConnect' : 'connect', { signal: connectBy })
  } catch (error) {
    socket.destroy()
    throw error
  }
  // What the server sends is read and dropped: without reading, its end of the connection would go unnoticed.
  socket.resume()
  return {
    async write(message) {
      if (broken) throw broken
      if (socket.write(message)) return
      await once(socket, 'drain', { signal: inTime() })
    },
    close: () => void socket.end(),
  }
}
