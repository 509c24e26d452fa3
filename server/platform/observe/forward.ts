import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { openConnector, type Connection } from './forward-connection.ts'
import type { Component } from './health.ts'

/** The server that messages go to, and their format. */
type ForwardTarget = { transport: 'udp' | 'tcp' | 'tls'; host: string; port: number; format: 'syslog' | 'json' }

/** A message to forward: `kind` becomes syslog's MSGID, `content` the JSON. */
export type Message = { at: Date; kind: string; isWarning: boolean; content: Record<string, unknown> }

export type Forwarder = AsyncDisposable & {
  /**
   * Takes a message for the server at `endpoint` and returns at once. When the buffer is full, the oldest message is
   * given up. Messages that still wait for an earlier endpoint go to this one, too: the earlier one may have been a
   * mistake.
   */
  send(endpoint: string, message: Message): void
  /** Messages sent and given up since the start, and those that wait now. */
  counts(): { sent: number; waiting: number; lost: number }
  /** For health: unhealthy while messages wait after a failure. */
  component: Component
}

export type ForwarderOptions = {
  /** Whether an address may be called. */
  isOpen(address: string): boolean
  /**
   * The endpoint that is configured now, '' for none; asked after a failure, as another process may have changed it.
   */
  wanted?(): Promise<string>
  /** Called when sending begins to fail, when it works again, and at the end when something has not been sent. */
  onChange(state: 'failing' | 'well', about: { endpoint: string; reason?: string; waiting: number; lost: number }): void
  /** The most messages that wait to be sent. */
  capacity?: number
  /** Certificate authorities to trust instead of the usual ones, PEM. */
  ca?: string | undefined
  /** For a connection and for each write, in ms. */
  timeoutMs?: number
  /** The back-off after the first failure, in ms; it doubles with each further one, up to 30 s. */
  backOffMs?: number
}

/**
 * Reads `host:port` (syslog over TCP, as Harbor takes it), or udp://, tcp:// or tls://host:port, with `?format=json`
 * for plain JSON lines. Throws Error for any other text.
 */
export function parseForwardTarget(text: string): ForwardTarget {
  const whole = text.includes('://') ? text : `tcp://${text}`
  const [, transport, host, port, query] =
    /^(udp|tcp|tls):\/\/(\[[0-9a-f:.]+\]|[\w.-]+):(\d{1,5})(?:\?format=(json|syslog))?$/i.exec(whole) ?? []
  if (!transport || !host || Number(port) < 1 || Number(port) > 65_535)
    throw new Error('must be host:port, or udp://, tcp:// or tls://host:port, with ?format=json for JSON lines')
  return {
    transport: transport.toLowerCase() as ForwardTarget['transport'],
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    format: query === 'json' ? 'json' : 'syslog',
  }
}

const longestWaitMs = 30_000

export function openForwarder(options: ForwarderOptions): Forwarder {
  return new BufferedForwarder(options)
}

class BufferedForwarder implements Forwarder {
  readonly component: Component = { name: 'audit-forward', isSpare: true, check: async () => this.#checkSent() }
  readonly #closing = new AbortController()
  readonly #waiting: Message[] = []
  readonly #connect: ReturnType<typeof openConnector>
  readonly #onChange: ForwarderOptions['onChange']
  readonly #wanted: ForwarderOptions['wanted']
  readonly #capacity: number
  readonly #backOffMs: number
  #endpoint = ''
  #sent = 0
  #lost = 0
  /** Failures in a row. */
  #failures = 0
  /** Ends the pause after a failure. */
  #wake = () => {}
  #pumping: Promise<void> | undefined
  #connection: (Connection & { endpoint: string }) | undefined

  constructor({
    isOpen,
    onChange,
    wanted,
    capacity = 10_000,
    ca,
    timeoutMs = 5000,
    backOffMs = 500,
  }: ForwarderOptions) {
    this.#connect = openConnector({ isOpen, ca, timeoutMs, signal: this.#closing.signal })
    this.#onChange = onChange
    this.#wanted = wanted
    this.#capacity = capacity
    this.#backOffMs = backOffMs
  }

  send(endpoint: string, message: Message): void {
    this.#redirect(endpoint)
    if (this.#waiting.length >= this.#capacity) {
      this.#waiting.shift()
      this.#lost++
    }
    this.#waiting.push(message)
    this.#pumping ??= this.#pump().finally(() => (this.#pumping = undefined))
  }

  counts() {
    return { sent: this.#sent, waiting: this.#waiting.length, lost: this.#lost }
  }

  #checkSent(): void {
    if (this.#failures > 0 && this.#waiting.length > 0) throw new Error(`${this.#waiting.length} messages wait`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Messages that can be sent within a second still go.
    await Promise.race([this.#pumping, sleep(1000, undefined, { ref: false })])
    this.#closing.abort()
    await this.#pumping
    this.#leave()
    if (this.#waiting.length === 0) return
    this.#giveUpAll()
    this.#onChange('failing', { endpoint: this.#endpoint, reason: 'Marina stops', waiting: 0, lost: this.#lost })
  }

  /** Forgets the connection before it is closed: a socket for datagrams throws when it is closed twice. */
  #leave(): void {
    const left = this.#connection
    this.#connection = undefined
    left?.close()
  }

  #giveUpAll(): void {
    this.#lost += this.#waiting.splice(0).length
  }

  #redirect(to: string): void {
    if (to === this.#endpoint) return
    this.#endpoint = to
    this.#failures = 0
    this.#wake()
  }

  async #pump(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      const endpoint = this.#endpoint
      try {
        await this.#sendNext(endpoint)
      } catch (error) {
        this.#leave()
        if (this.#closing.signal.aborted || endpoint !== this.#endpoint) continue
        await this.#backOff(endpoint, error)
      }
    }
  }

  async #sendNext(endpoint: string): Promise<void> {
    const next = this.#waiting[0]!
    if (this.#connection?.endpoint !== endpoint) {
      this.#leave()
      this.#connection = { endpoint, ...(await this.#connect(parseForwardTarget(endpoint))) }
    }
    await this.#connection.write(Buffer.from(render(parseForwardTarget(endpoint), next)))
    if (this.#waiting[0] === next) this.#waiting.shift()
    this.#sent++
    if (this.#failures > 0) this.#onChange('well', { endpoint, waiting: this.#waiting.length, lost: this.#lost })
    this.#failures = 0
  }

  async #backOff(endpoint: string, error: unknown): Promise<void> {
    const about = { endpoint, reason: String(error), waiting: this.#waiting.length, lost: this.#lost }
    if (this.#failures++ === 0) this.#onChange('failing', about)
    await this.#pause(Math.min(longestWaitMs, this.#backOffMs * 2 ** (this.#failures - 1)))
    await this.#askWanted()
  }

  /** Waits; ends early when the endpoint changes or the forwarder is closed. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#closing.signal.removeEventListener('abort', done)
        this.#wake = () => {}
        resolve()
      }
      const timer = setTimeout(done, ms)
      timer.unref()
      this.#closing.signal.addEventListener('abort', done, { once: true })
      this.#wake = done
    })
  }

  async #askWanted(): Promise<void> {
    const now = this.#closing.signal.aborted ? undefined : await this.#wanted?.().catch(() => undefined)
    if (now === '') this.#giveUpAll()
    else if (now !== undefined) this.#redirect(now)
  }
}

const host =
  hostname()
    .replace(/[^\x21-\x7e]/g, '')
    .slice(0, 255) || '-'

/** RFC 5424 with facility 13 (log audit); over a stream each message follows its length (RFC 6587, 5425). */
function render({ format, transport }: ForwardTarget, { at, kind, isWarning, content }: Message): string {
  const json = JSON.stringify(content)
  if (format === 'json') return `${json}\n`
  const priority = 13 * 8 + (isWarning ? 4 : 6)
  const header = `<${priority}>1 ${at.toISOString()} ${host} marina ${process.pid} ${kind.slice(0, 32)} -`
  const line = `${header} ${json}`
  return transport === 'udp' ? line : `${Buffer.byteLength(line)} ${line}`
}
