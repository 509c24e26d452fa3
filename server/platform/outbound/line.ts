import http from 'node:http'
import https from 'node:https'
import type { OnReadOpts, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** Takes the bytes of a body where they shall be, instead of as chunks with memory of their own. */
export type Sink = {
  /** How many bytes it still takes. */
  left(): number
  /** Memory for the next bytes, at least one. */
  room(): Buffer
  /** These bytes came, at the start of what `room` gave. A promise holds up the other side until it resolves. */
  filled(bytes: Buffer): Promise<void> | undefined
}

/** The rest of a body, `left` bytes, on its way into a sink. `took` returns whether to read on. */
type Direct = { left: number; sink: Sink; took(bytes: Buffer): boolean }

/**
 * The memory into which heads and small bodies are read; the parser copies what it keeps. No read is longer, also into
 * a sink: with whole blocks a first pull took a tenth longer, as client, disk and digest waited for each other.
 */
const ownBytes = 64 * 1024

/**
 * What comes over one connection. Node would read each piece into new memory, and its parser would copy that; here all
 * is read into the same memory, and a long body straight to where it shall be.
 */
class Line {
  readonly #own = Buffer.allocUnsafeSlow(ownBytes)
  #direct: (Direct & { bodyKey: number }) | undefined

  /** The memory for the next read. */
  next(): Buffer {
    return this.#direct?.sink.room().subarray(0, ownBytes) ?? this.#own
  }

  /** Gives what was read to the sink or to the parser. Returns whether to read on. */
  take(socket: Socket, bytes: Buffer): boolean {
    const direct = this.#direct
    const isInSink = direct !== undefined && bytes.buffer !== this.#own.buffer && bytes.length < direct.left
    if (isInSink && isCounted(socket, direct.bodyKey, bytes)) {
      direct.left -= bytes.length
      return direct.took(bytes)
    }
    // The body's last bytes go through the parser, which ends the answer. So does what was read before the sink came.
    this.#direct = undefined
    socket.emit('data', bytes)
    return true
  }

  /** Sends the rest of a body into a sink, but for its last bytes. Does nothing where Node has another parser. */
  divert(socket: Socket, direct: Direct): void {
    const bodyKey = bodyKeyOf(socket)
    if (bodyKey !== undefined) this.#direct = { ...direct, bodyKey }
  }
}

type Parsing = { parser?: Record<number, unknown> | null }

/**
 * Under which number Node's parser of this connection has the function that gets the pieces of a body; undefined where
 * there is no such function.
 */
function bodyKeyOf(socket: Socket): number | undefined {
  const { parser } = socket as Parsing
  const names = Object.entries(parser ?? {}).filter(([, value]) => (value as Function | null)?.name === 'parserOnBody')
  return names.length === 1 ? Number(names[0]![0]) : undefined
}

/**
 * Lets the parser count bytes of a body. It copies each piece for its function; without that function it only counts
 * (node_http_parser.cc, `on_body`). False, and nothing is counted, where there is no such parser.
 */
function isCounted(socket: Socket, bodyKey: number, bytes: Buffer): boolean {
  const { parser } = socket as Parsing
  const own = parser?.[bodyKey]
  if (!parser || typeof own !== 'function') return false
  parser[bodyKey] = undefined
  try {
    socket.emit('data', bytes)
  } finally {
    parser[bodyKey] = own
  }
  return true
}

const lines = new WeakMap<Duplex, Line>()

/** The line of a connection that one of these agents opened. */
export const lineOf = (socket: Duplex): Pick<Line, 'divert'> | undefined => lines.get(socket)

type Connect<Options> = (options: Options) => Duplex | null | undefined

function connectByLine<Options extends object>(options: Options, connect: Connect<Options>): Duplex | null | undefined {
  const line = new Line()
  const onread: OnReadOpts = {
    buffer: () => line.next(),
    callback: (count, memory) => line.take(socket as Socket, (memory as Buffer).subarray(0, count)),
  }
  const socket = connect({ ...options, onread })
  if (socket) lines.set(socket, line)
  return socket
}

type Created = (error: Error | null, socket: Duplex) => void

class HttpAgent extends http.Agent {
  override createConnection(options: http.ClientRequestArgs, created?: Created) {
    return connectByLine(options, (more) => super.createConnection(more, created))
  }
}

class HttpsAgent extends https.Agent {
  override createConnection(options: https.RequestOptions, created?: Created) {
    return connectByLine(options, (more) => super.createConnection(more, created))
  }
}

/** Agents whose connections have a line. */
export const lineAgents = (options: http.AgentOptions) => ({
  'http:': new HttpAgent(options),
  'https:': new HttpsAgent(options),
})
