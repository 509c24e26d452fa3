import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What happens to a request: an answer of the proxy's own, or a fault of the connection. */
export type Fault =
  | { status: number; body?: string; type?: string }
  | 'reset' // the connection is reset before the server hears of it
  | 'answer lost' // the server does what was asked, and its answer never arrives
  | 'silence' // nobody ever answers
  | 'cut body' // half of the answer's body, then the connection ends
  | 'stuck body' // half of the answer's body, then nothing any more
  | { stuckAfter: number } // so many bytes of the answer's body, then nothing any more

export type FaultProxy = AsyncDisposable & {
  endpoint: string
  /** Asked for each request; undefined lets it pass. */
  fault: (request: IncomingMessage) => Fault | undefined
}

/** A proxy between a client and an HTTP server that causes faults on demand. */
export async function openFaultProxy(target: string): Promise<FaultProxy> {
  const server = createServer((req, res) => void handle(proxy.fault(req), target, req, res))
  // Long, as closing an idle connection just when it is used again would be a fault that no test asked for.
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: () => undefined,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return proxy
}

async function handle(
  fault: Fault | undefined,
  target: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (fault === 'reset') req.socket.resetAndDestroy()
  else if (fault === 'silence') req.resume()
  else if (typeof fault === 'object' && 'status' in fault) {
    req.resume()
    await once(req, 'end')
    res.writeHead(fault.status, { 'content-type': fault.type ?? 'application/xml' }).end(fault.body)
  } else forward(fault, target, req, res)
}

/** Headers are passed on unchanged, Host included: the client has signed them. */
function forward(fault: Fault | undefined, target: string, req: IncomingMessage, res: ServerResponse) {
  const onward = request(new URL(req.url ?? '/', target), { method: req.method, headers: req.headers, agent: false })
  onward.once('error', () => res.destroy())
  req.pipe(onward)
  onward.once('response', (answer) => {
    if (fault === 'answer lost') {
      answer.once('end', () => req.socket.resetAndDestroy()).resume()
      return
    }
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    if (typeof fault === 'object' && 'stuckAfter' in fault) passSome(answer, res, fault.stuckAfter)
    else if (fault === 'cut body' || fault === 'stuck body') passHalf(answer, res, fault)
    else answer.pipe(res)
  })
}

function passHalf(answer: IncomingMessage, res: ServerResponse, fault: 'cut body' | 'stuck body') {
  const half = Number(answer.headers['content-length'] ?? 2) / 2
  let passed = 0
  answer.on('data', (chunk: Buffer) => {
    if (passed >= half) return
    passed += chunk.length
    const isLast = passed >= half
    const piece = chunk.subarray(0, isLast ? Math.max(1, Math.floor(chunk.length / 2)) : undefined)
    res.write(piece, () => isLast && fault === 'cut body' && res.socket?.destroy())
  })
}

/** Passes the first bytes, and reads on without passing any more. */
function passSome(answer: IncomingMessage, res: ServerResponse, bytes: number) {
  let left = bytes
  answer.on('data', (chunk: Buffer) => {
    if (left > 0) res.write(chunk.subarray(0, left))
    left -= chunk.length
  })
}
