import { connect, type Socket } from 'node:net'
import { once } from 'node:events'

export type Answer = { status: number; head: string; body: Buffer }
export type Connection = {
  /** Sends one request. `head`: further header lines, each with its CRLF. Rejects when the connection breaks. */
  ask(method: string, target: string, head?: string, body?: Uint8Array): Promise<Answer>
  close(): void
}

const headEnd = Buffer.from('\r\n\r\n')

/**
 * A keep-alive HTTP/1.1 connection on a bare socket. This client costs little beside the server that it measures, and
 * the same for every server. Answers must have a Content-Length, as all those requested here have.
 */
export async function openConnection(port: number): Promise<Connection> {
  const open = async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return talk(socket, `host: 127.0.0.1:${port}\r\n`)
  }
  let current = await open()
  let isOver = false
  return {
    async ask(...request) {
      // A process of Marina that leaves part of its clients to another says so in its last answer to them.
      if (isOver) current = await open()
      const answer = await current.ask(...request)
      isOver = headerOf(answer.head, 'connection') === 'close'
      return answer
    },
    close: () => current.close(),
  }
}

function talk(socket: Socket, host: string): Connection {
  let waiting: { isHead: boolean; resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined
  let received: Buffer = Buffer.alloc(0)

  const fail = (error: Error) => {
    waiting?.reject(error)
    waiting = undefined
  }
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the connection was closed')))
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const answer = waiting && readAnswer(received, waiting.isHead)
    if (!answer) return
    received = Buffer.alloc(0)
    const { resolve } = waiting!
    waiting = undefined
    resolve(answer)
  })

  return {
    ask(method, target, head = '', body) {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the connection is closed'))
        waiting = { isHead: method === 'HEAD', resolve, reject }
        const length = body
          ? `content-length: ${body.length}\r\n`
          : method === 'POST' || method === 'PUT'
            ? 'content-length: 0\r\n'
            : ''
        const text = `${method} ${target} HTTP/1.1\r\n${host}${head}${length}\r\n`
        // One write: sending the headers and a small body separately would measure the client's own delays.
        socket.write(body && body.length < 65_536 ? Buffer.concat([Buffer.from(text, 'latin1'), body]) : text, 'latin1')
        if (body && body.length >= 65_536) socket.write(body)
      })
    },
    close: () => socket.destroy(),
  }
}

function readAnswer(bytes: Buffer, isHead: boolean): Answer | undefined {
  const end = bytes.indexOf(headEnd)
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const status = Number(head.slice(9, 12))
  const length = isHead || status === 204 || status === 304 ? 0 : contentLength(head)
  const start = end + headEnd.length
  return bytes.length < start + length ? undefined : { status, head, body: bytes.subarray(start, start + length) }
}

function contentLength(head: string): number {
  const value = headerOf(head, 'content-length')
  if (value === undefined) throw new Error(`an answer without Content-Length: ${head}`)
  return Number(value)
}

export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\r\n${name}: *([^\r]*)`, 'i').exec(head)?.[1]
}
