import assert from 'node:assert/strict'
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'

/** A user or robot that sends requests in a test. */
export type Person = { kind: 'user' | 'robot'; id: number; name: string; password: string }

export type Answer = {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
  /** The body as JSON. */
  json(): unknown
  /** The code of the first error in the specification's envelope. */
  code: string | undefined
}

export type AskOptions = {
  /** Sends name and password. */
  as?: Person | undefined
  token?: string | undefined
  headers?: Record<string, string>
  body?: Uint8Array | string | undefined
}

export type Ask = (method: string, path: string, options?: AskOptions) => Promise<Answer>

export function basic({ name, password }: Pick<Person, 'name' | 'password'>): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

/** Sends requests to 127.0.0.1 with the path exactly as given: nothing normalizes it on the way. */
export function openAsk(port: number): Ask & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const ask: Ask = (method, path, { as, token, headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const authorization =
        token !== undefined ? { authorization: `Bearer ${token}` } : as ? { authorization: basic(as) } : {}
      const bytes = body === undefined ? undefined : Buffer.from(body as Uint8Array)
      const length = bytes ? { 'content-length': String(bytes.length) } : {}
      const request = httpRequest(
        { host: '127.0.0.1', port, agent, method, path, headers: { ...authorization, ...length, ...headers } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => resolve(answerOf(response.statusCode!, response.headers, Buffer.concat(chunks))))
        },
      )
      request.on('error', reject)
      request.end(bytes)
    })
  return Object.assign(ask, { [Symbol.dispose]: () => agent.destroy() })
}

function answerOf(status: number, headers: IncomingHttpHeaders, body: Buffer): Answer {
  const text = body.toString('utf8')
  const isJson = headers['content-type']?.startsWith('application/json') && text.startsWith('{"errors"')
  return {
    status,
    headers,
    body,
    text,
    json: () => JSON.parse(text) as unknown,
    code: isJson ? (JSON.parse(text) as { errors: { code: string }[] }).errors[0]?.code : undefined,
  }
}

/** Asserts status and code together; if they differ the message holds the body. */
export function expectAnswer(answer: Answer, status: number, code?: string): Answer {
  assert.deepEqual([answer.status, answer.code], [status, code], answer.text.slice(0, 500))
  return answer
}

/** A TCP connection on which a test may write any bytes. */
export async function openRaw(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', () => {})
  return socket
}

/** Sends raw bytes and returns all that comes until the server closes the connection, or is silent for 20 s. */
export async function sendRaw(port: number, text: string | Buffer): Promise<{ text: string; isClosed: boolean }> {
  const socket = await openRaw(port)
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const end = (isClosed: boolean) => {
      socket.destroy()
      resolve({ text: Buffer.concat(chunks).toString('latin1'), isClosed })
    }
    socket.setTimeout(20_000, () => end(false))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.once('close', () => end(true))
    socket.write(text)
  })
}

/** Sends the first `count` bytes of a request and cuts the connection. Resolves when it is closed. */
export async function sendCut(port: number, request: Buffer, count: number): Promise<void> {
  const socket = await openRaw(port)
  await new Promise<void>((resolve) => socket.write(request.subarray(0, count), () => resolve()))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.resetAndDestroy()
  await closed
}

/**
 * Calls `check` every 25 ms until it throws no more. Fails with its last error after a minute: only something that
 * hangs takes so long, even on a busy machine.
 */
export async function eventually<Result>(check: () => Promise<Result> | Result): Promise<Result> {
  const end = performance.now() + 60_000
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}
