import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, isIP } from 'node:net'
import { hostname } from 'node:os'
import { connect as connectTls } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { openNames } from '../outbound/names.ts'
import type { Component } from './health.ts'

/** Where messages go, and how they are written there. */
type ForwardTarget = { transport: 'udp' | 'tcp' | 'tls'; host: string; port: number; format: 'syslog' | 'json' }

/** Something to send on: `kind` becomes syslog's MSGID, `content` the JSON. */
export type Message = { at: Date; kind: string; isWarning: boolean; content: Record<string, unknown> }

export type Forwarder = AsyncDisposable & {
  /**
   * Takes a message for the server at `endpoint` and returns at once. With the buffer full the oldest one is given up. What still
   * waits for an earlier endpoint goes to this one, too: that one may have been a mistake.
   */
  send(endpoint: string, message: Message): void
  /** Sent, waiting, and given up since the start. */
  counts(): { sent: number; waiting: number; lost: number }
  /** For health: unhealthy while what is sent does not arrive. */
  component: Component
}

export type ForwarderOptions = {
  /** Says of an address whether it may be called. */
  isOpen(address: string): boolean
  /** The endpoint that is wanted now, '' for none; asked after a failure, as another process may have been told of a new one. */
  wanted?(): Promise<string>
  /** Called when sending begins to fail, when it works again, and at the end when something has not been sent. */
  onChange(state: 'failing' | 'well', about: { endpoint: string; reason?: string; waiting: number; lost: number }): void
  /** Messages kept while nobody takes them. */
  capacity?: number
  /** Authorities to trust instead of the usual ones, PEM. */
  ca?: string | undefined
  /** For a connection and for each write, in ms. */
  timeoutMs?: number
  /** The wait after a failure, in ms; it doubles up to half a minute. */
  backOffMs?: number
}

/** `host:port` (syslog over TCP, as Harbor takes it), or udp://, tcp://, tls://, with `?format=json` for plain JSON lines. Throws Error. */
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

type Line = (message: Buffer) => Promise<void>
type Connection = { endpoint: string; write: Line; close(): void }

const longestWaitMs = 30_000
/** RFC 5426 wants receivers to take 2,048 bytes at least; most take 8 KiB. */
const largestDatagram = 8 * 1024

export function openForwarder({
  isOpen,
  onChange,
  wanted,
  capacity = 10_000,
  ca,
  timeoutMs = 5000,
  backOffMs = 500,
}: ForwarderOptions): Forwarder {
  const closing = new AbortController()
  // Without a thread: a name whose DNS hangs must not hold up files and other names.
  const lookup = promisify(openNames())
  const waiting: Message[] = []
  let endpoint = ''
  let [sent, lost, failures] = [0, 0, 0]
  let wake = () => {}
  let pumping: Promise<void> | undefined
  let connection: Connection | undefined

  return {
    send(to, message) {
      redirect(to)
      if (waiting.length >= capacity) {
        waiting.shift()
        lost++
      }
      waiting.push(message)
      pumping ??= pump().finally(() => (pumping = undefined))
    },
    counts: () => ({ sent, waiting: waiting.length, lost }),
    component: { name: 'audit-forward', isSpare: true, check: async () => checkSent() },
    async [Symbol.asyncDispose]() {
      // What is quickly sent still goes.
      await Promise.race([pumping, sleep(1000, undefined, { ref: false })])
      closing.abort()
      await pumping
      leave()
      if (waiting.length === 0) return
      giveUpAll()
      onChange('failing', { endpoint, reason: 'Marina stops', waiting: 0, lost })
    },
  }

  function checkSent(): void {
    if (failures > 0 && waiting.length > 0) throw new Error(`${waiting.length} messages wait`)
  }

  /** Forgotten before it is closed: a socket for datagrams throws when it is closed twice. */
  function leave(): void {
    const left = connection
    connection = undefined
    left?.close()
  }

  function giveUpAll(): void {
    lost += waiting.splice(0).length
  }

  function redirect(to: string): void {
    if (to === endpoint) return
    endpoint = to
    failures = 0
    wake()
  }

  async function pump(): Promise<void> {
    while (waiting.length > 0 && !closing.signal.aborted) {
      const [next, to] = [waiting[0]!, endpoint]
      try {
        if (connection?.endpoint !== to) {
          leave()
          connection = await open(to)
        }
        await connection.write(Buffer.from(render(parseForwardTarget(to), next)))
        if (waiting[0] === next) waiting.shift()
        sent++
        if (failures > 0) onChange('well', { endpoint: to, waiting: waiting.length, lost })
        failures = 0
      } catch (error) {
        leave()
        if (closing.signal.aborted || to !== endpoint) continue
        if (failures++ === 0)
          onChange('failing', { endpoint: to, reason: String(error), waiting: waiting.length, lost })
        await pause(Math.min(longestWaitMs, backOffMs * 2 ** (failures - 1)))
        await askWanted()
      }
    }
  }

  /** Ends early when another endpoint is named, or at the end. */
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      timer.unref()
      closing.signal.addEventListener('abort', done, { once: true })
      wake = done
      function done() {
        clearTimeout(timer)
        closing.signal.removeEventListener('abort', done)
        wake = () => {}
        resolve()
      }
    })
  }

  async function askWanted(): Promise<void> {
    const now = closing.signal.aborted ? undefined : await wanted?.().catch(() => undefined)
    if (now === '') giveUpAll()
    else if (now !== undefined) redirect(now)
  }

  async function open(endpoint: string): Promise<Connection> {
    const { transport, host, port } = parseForwardTarget(endpoint)
    const address = await resolve(host)
    return transport === 'udp'
      ? openUdp(endpoint, address, port)
      : openStream(endpoint, { transport, host, address, port })
  }

  /** Resolved once and checked; the connection goes to that very address. */
  async function resolve(host: string): Promise<string> {
    const found = isIP(host) ? [{ address: host }] : await lookup(host)
    if (found.length === 0 || !found.every(({ address }) => isOpen(address)))
      throw new Error('this address may not be called: open it with MARINA_OUTBOUND_ALLOW')
    return found[0]!.address
  }

  function openUdp(endpoint: string, address: string, port: number): Connection {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
    socket.unref()
    socket.on('error', () => {})
    return {
      endpoint,
      write: (line) =>
        new Promise((done, fail) =>
          socket.send(line.subarray(0, largestDatagram), port, address, (error) => (error ? fail(error) : done())),
        ),
      close: () => socket.close(),
    }
  }

  async function openStream(
    endpoint: string,
    { transport, host, address, port }: { transport: 'tcp' | 'tls'; host: string; address: string; port: number },
  ): Promise<Connection> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)])
    const servername = isIP(host) ? {} : { servername: host }
    const socket =
      transport === 'tls'
        ? connectTls({ host: address, port, ...servername, ...(ca ? { ca } : {}) })
        : connect({ host: address, port })
    let broken: Error | undefined
    socket.on('error', (error) => (broken = error))
    socket.on('close', () => (broken ??= new Error('the connection was closed')))
    socket.unref()
    try {
      await once(socket, transport === 'tls' ? 'secureConnect' : 'connect', { signal })
    } catch (error) {
      socket.destroy()
      throw error
    }
    // Whatever a server says is thrown away; without reading, its goodbye would not be noticed.
    socket.resume()
    const write: Line = async (line) => {
      if (broken) throw broken
      if (socket.write(line)) return
      await once(socket, 'drain', { signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]) })
    }
    return { endpoint, write, close: () => void socket.end() }
  }
}

const host =
  hostname()
    .replace(/[^\x21-\x7e]/g, '')
    .slice(0, 255) || '-'

/** RFC 5424 with facility 13, log audit; over a stream each message with its length before it (RFC 6587, 5425). */
function render({ format, transport }: ForwardTarget, { at, kind, isWarning, content }: Message): string {
  const json = JSON.stringify(content)
  if (format === 'json') return `${json}\n`
  const line = `<${13 * 8 + (isWarning ? 4 : 6)}>1 ${at.toISOString()} ${host} marina ${process.pid} ${kind.slice(0, 32)} - ${json}`
  return transport === 'udp' ? line : `${Buffer.byteLength(line)} ${line}`
}
