import { Agent, request, type IncomingHttpHeaders } from 'node:http'
import { adminPassword } from './marina.ts'

type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** The connection ended before the whole answer came. The request may have been carried out or not. */
export class Cut extends Error {
  override name = 'Cut'
}

type Ask = { headers?: Record<string, string>; body?: Buffer; timeoutMs?: number }

/** A client of one Marina, with connections of its own. */
export type Client = {
  ask(method: string, path: string, asked?: Ask): Promise<Answer>
  close(): void
  [Symbol.dispose](): void
}

export function openClient(port: number, authorization: string = basic()): Client {
  const agent = new Agent({ keepAlive: true })
  const close = () => agent.destroy()
  return {
    ask: (method, path, { headers = {}, body, timeoutMs = 30_000 } = {}) =>
      new Promise((resolve, reject) => {
        const length = body ? { 'content-length': String(body.length) } : {}
        const call = request(
          { host: '127.0.0.1', port, agent, method, path, headers: { authorization, ...length, ...headers } },
          (response) => {
            const parts: Buffer[] = []
            response.on('data', (part: Buffer) => parts.push(part))
            response.once('error', (error) => reject(new Cut(`${method} ${path}: ${error.message}`, { cause: error })))
            response.once('end', () =>
              resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
            )
          },
        )
        call.setTimeout(timeoutMs, () => call.destroy(new Error(`silent for ${timeoutMs} ms`)))
        call.once('error', (error) => reject(new Cut(`${method} ${path}: ${error.message}`, { cause: error })))
        call.end(body)
      }),
    close,
    [Symbol.dispose]: close,
  }
}

export function basic(): string {
  return `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
}

/** One token for several repositories: it outlives restarts, and needs no password check for each request. */
export async function bearer(port: number, repositories: string[]): Promise<string> {
  using client = openClient(port)
  const scopes = repositories.map((name) => `scope=${encodeURIComponent(`repository:${name}:pull,push,delete`)}`)
  const { status, body } = await client.ask('GET', `/service/token?service=harbor-registry&${scopes.join('&')}`)
  if (status !== 200) throw new Error(`no token: ${status} ${body.toString()}`)
  return `Bearer ${(JSON.parse(body.toString()) as { token: string }).token}`
}
