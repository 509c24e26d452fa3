import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'

export type Received = { path: string; headers: IncomingHttpHeaders; body: string; at: number }
/** How a request is answered: after `delayMs`, or once `until` resolves; 'never' leaves it unanswered. */
type Receipt =
  | { status?: number; headers?: Record<string, string>; body?: string; delayMs?: number; until?: Promise<unknown> }
  | 'never'

export type Receiver = AsyncDisposable & {
  url: string
  /** All requests so far, in the order in which they came. */
  received: Received[]
  /** How requests are answered from now on; by 200 at first. */
  answer(how: (request: Received) => Receipt): void
}

/** A server on this machine that receives webhooks, on a free port, or on `port` again after a restart. */
export async function openReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = []
  let answer: (request: Received) => Receipt = () => ({})
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const one = {
        path: request.url!,
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
        at: Date.now(),
      }
      received.push(one)
      const how = answer(one)
      if (how === 'never') return
      const reply = () => response.writeHead(how.status ?? 200, how.headers).end(how.body)
      if (how.until) void how.until.then(reply)
      else setTimeout(reply, how.delayMs ?? 0)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: (how) => void (answer = how),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
