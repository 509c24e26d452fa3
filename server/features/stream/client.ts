import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { StreamTopic } from '../../../api/events.ts'
import type { Caller } from '../../registry/caller.ts'

type ClientOptions = {
  caller: Exclude<Caller, { kind: 'anonymous' }>
  request: IncomingMessage
  topics: ReadonlySet<StreamTopic>
  projectId: number | undefined
  /** What may wait for the client to read it, in bytes. */
  bufferBytes: number
  onEnded(client: Client): void
}

/** One client's stream of events (HTML Living Standard, 9.2 Server-sent events). */
export class Client {
  readonly caller: ClientOptions['caller']
  readonly request: IncomingMessage
  readonly topics: ReadonlySet<StreamTopic>
  readonly projectId: number | undefined
  readonly body: Readable
  /** Its stream was cut since it did not read; for the metrics. */
  isSlow = false
  /** From here on it is given what happens; before, what it has missed. */
  hasJoined = false
  #hasEnd = false
  readonly #bufferBytes: number
  #roomFound = () => {}
  /** Events that came while earlier ones are still being read from the outbox. */
  #held: string[] | undefined = []
  #heldBytes = 0

  constructor({ caller, request, topics, projectId, bufferBytes, onEnded }: ClientOptions) {
    this.caller = caller
    this.request = request
    this.topics = topics
    this.projectId = projectId
    this.#bufferBytes = bufferBytes
    this.body = new Readable({ read: () => this.#roomFound() })
    this.body.once('close', () => {
      this.#roomFound()
      onEnded(this)
    })
    // The client's own clock for reconnecting, in ms; the first bytes also send the headers.
    this.body.push('retry: 2000\n\n')
  }

  get isEnded(): boolean {
    return this.body.destroyed || this.body.readableEnded || this.#hasEnd
  }

  /** Sends events, or holds them back until `release`. A client that is too far behind is cut off, and can resume. */
  send(text: string): void {
    if (text === '' || this.isEnded) return
    if (this.#held) {
      this.#heldBytes += text.length
      if (this.#heldBytes > this.#bufferBytes) return this.#cut()
      return void this.#held.push(text)
    }
    this.#push(text)
  }

  /** Sends events that are older than those held back; waits until there is room for more. */
  async sendEarlier(text: string): Promise<void> {
    if (text === '' || this.isEnded) return
    this.body.push(text)
    while (!this.isEnded && this.body.readableLength > this.body.readableHighWaterMark) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#roomFound = resolve
      await promise
    }
    this.#roomFound = () => {}
  }

  /** Everything earlier has been sent: what was held back follows, and from now on nothing is. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const one of held) this.#push(one)
  }

  /** Ends the stream in order; the client may come back with the last event's id. */
  end(): void {
    if (this.isEnded) return
    this.#hasEnd = true
    this.body.push(null)
    this.#roomFound()
  }

  #push(text: string): void {
    if (this.isEnded) return
    if (this.body.readableLength + text.length > this.#bufferBytes) return this.#cut()
    this.body.push(text)
  }

  #cut(): void {
    this.isSlow = true
    this.body.destroy()
  }
}

/** An event, with the id from which a client resumes after it, if there is one. JSON holds no line breaks. */
export const eventText = (topic: string, data: unknown, id?: string): string =>
  `event: ${topic}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`

/** Moves the id from which a client resumes; without data, it is no event for the client. */
export const placeText = (id: string): string => `: \nid: ${id}\n\n`
