import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** The connections of a process that shares its port with others. */
type SharedConnections = {
  /**
   * Closes part of the connections, from 0 to 1, each with its next answer: so clients connect anew, and reach other
   * processes on the port, too.
   */
  spread(part: number): void
  /** Whether the answer on this connection shall be its last one; true once. */
  isLast(socket: Socket): boolean
}

/** Follows the connections of a server from their `event` on. */
export function followConnections(
  server: { on(event: string, listener: (socket: Socket) => void): unknown },
  event: 'connection' | 'secureConnection',
): SharedConnections {
  const connections = new Set<Socket>()
  const leaving = new Set<Socket>()
  server.on(event, (socket) => {
    connections.add(socket)
    socket.once('close', () => {
      connections.delete(socket)
      leaving.delete(socket)
    })
  })
  return {
    spread(part) {
      const most = Math.round(connections.size * part)
      for (const socket of connections) if (leaving.size < most) leaving.add(socket)
    },
    isLast: (socket) => leaving.size > 0 && leaving.delete(socket),
  }
}

/**
 * Rejects with EADDRINUSE when a process listens on the port: without this, another Marina would share it silently.
 * Listening alone is refused beside a listener that shares (socket(7), SO_REUSEPORT).
 */
export async function refuseTaken(port: number, host: string): Promise<void> {
  if (port === 0) return
  const trial: Server = createServer().listen({ port, host, exclusive: true })
  await once(trial, 'listening')
  trial.close()
  await once(trial, 'close')
}
