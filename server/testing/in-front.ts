import { once } from 'node:events'
import { createServer, request as ask, STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Answering } from './other-side.ts'

/** A request is passed on with its headers, Host included, so that what the server says of itself leads here. */
function passOn(target: string, request: IncomingMessage, headers: Record<string, string>): Promise<IncomingMessage> {
  const url = new URL(request.url ?? '/', target)
  const onward = ask({
    host: new URL(target).hostname,
    port: new URL(target).port,
    path: url.pathname + url.search,
    method: request.method,
    headers: { ...request.headers, ...headers },
    agent: false,
  })
  request.pipe(onward)
  return new Promise((resolve, reject) => onward.once('response', resolve).once('error', reject))
}

/** Answers as the server at `target` does; with `proto`, which that server is told of. */
export function inFrontOf(target: string, proto: 'http' | 'https' = 'http'): Answering {
  return async (request, response) => {
    const answer = await passOn(target, request, { 'x-forwarded-proto': proto }).catch(() => undefined)
    if (!answer) return response.destroy()
    response.writeHead(answer.statusCode!, answer.rawHeaders)
    answer.on('error', () => response.destroy()).pipe(response)
  }
}

/**
 * The same, but an answer may be cut: `cutAt` says after which of its `length` bytes, head and body together, the
 * connection is closed. The server at `target` has done what was asked.
 */
export function cutting(
  target: string,
  cutAt: (request: IncomingMessage, length: number) => number | undefined,
): Answering {
  return async (request, response) => {
    try {
      const answer = await passOn(target, request, {})
      const body = await buffer(answer)
      const bytes = Buffer.concat([headOf(answer, body.length, request.method === 'HEAD'), body])
      const at = cutAt(request, bytes.length)
      if (at === undefined) return sendWhole(answer, body, response, request.method === 'HEAD')
      request.socket.write(bytes.subarray(0, at), () => request.socket.destroy())
    } catch {
      response.destroy()
    }
  }
}

const isAboutLength = ([name]: [string, unknown]) => /^(?:content-length|transfer-encoding|connection)$/.test(name)

function headOf({ statusCode = 0, headers }: IncomingMessage, length: number, isHead: boolean): Buffer {
  const kept = Object.entries(headers).filter((one) => !isAboutLength(one))
  const lines = kept.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('')
  const told = isHead ? (headers['content-length'] ?? '0') : String(length)
  const first = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\n`
  return Buffer.from(`${first}${lines}content-length: ${told}\r\nconnection: close\r\n\r\n`)
}

function sendWhole(answer: IncomingMessage, body: Buffer, response: ServerResponse, isHead: boolean): void {
  const kept = Object.fromEntries(Object.entries(answer.headers).filter((one) => !isAboutLength(one)))
  const length = isHead ? answer.headers['content-length'] : String(body.length)
  response.writeHead(answer.statusCode!, { ...kept, ...(length === undefined ? {} : { 'content-length': length }) })
  response.end(body)
}

/** A proxy for HTTP_PROXY and HTTPS_PROXY. `asked`: `CONNECT host:port`, or the method and URL, in their order. */
export async function openForwardProxy() {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    void inFrontOf(new URL(request.url!).origin)(request, response)
  })
  server.on('connect', ({ url = '' }: IncomingMessage, near: Socket) => {
    asked.push(`CONNECT ${url}`)
    const { hostname, port } = new URL(`http://${url}`)
    const far = connect(Number(port), hostname, () => near.write('HTTP/1.1 200 OK\r\n\r\n'))
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}).once('close', () => (near.destroy(), far.destroy(), sockets.delete(socket)))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
