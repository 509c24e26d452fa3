import type { IncomingMessage, ServerResponse } from 'node:http'

/** How much of a body is still read, and for how long, once its request is answered. */
export type LeftoverBounds = { bytes: number; ms: number }

/**
 * Reads and drops what a client still sends of a body after the answer (RFC 9112, 9.6): to close the connection at once
 * would reset it, and a client that is still sending would see a broken connection (EPIPE) instead of the answer.
 * Beyond the bounds the connection is cut. To be called before the request is answered.
 */
export function dropLeftover(request: IncomingMessage, response: ServerResponse, bounds: LeftoverBounds): void {
  if (!hasBody(request)) return
  // Before Node's own listener, which closes the connection when this was its last answer.
  response.prependOnceListener('finish', () => {
    if (!request.complete && !request.socket.destroyed) linger(request, bounds)
  })
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function linger(request: IncomingMessage, { bytes, ms }: LeftoverBounds): void {
  const { socket } = request
  const most = socket.bytesRead + bytes
  const end = performance.now() + ms
  const watch = setInterval(() => {
    if (socket.bytesRead > most || performance.now() > end) socket.destroy()
  }, watchMs).unref()
  let isLast = false
  // Node calls this after the last answer of a connection. Only our half of it is closed for now.
  socket.destroySoon = () => {
    isLast = true
    socket.end()
  }
  const settle = () => {
    clearInterval(watch)
    request.off('end', settle)
    socket.off('close', settle)
    Reflect.deleteProperty(socket, 'destroySoon')
    if (isLast) socket.destroySoon()
  }
  request.on('end', settle)
  socket.on('close', settle)
  request.resume()
}

/** How often the bounds are checked. */
const watchMs = 100
