import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { basic, type Person } from './http.ts'

/** One event as a browser reads it (HTML Living Standard, 9.2.6); `lastId` is what a reconnect would send. */
type Event = { event: string; data: Record<string, unknown>; lastId: string }

export type Followed = Disposable & {
  status: number
  headers: IncomingHttpHeaders
  /** All events so far. */
  events: Event[]
  /** The last id that came, with an event or alone. */
  lastId(): string
  /** The blocks that came without data: heartbeats and ids. */
  beats(): number
  /** Whether the server ended the answer in order, or cut it. */
  end(): 'open' | 'ended' | 'cut'
  /** Stops reading, so that bytes pile up; `read` goes on. */
  pause(): void
  read(): void
}

type Options = { as?: Person | undefined; cookie?: string; query?: string; lastId?: string }

/** Opens a stream of events, and reads it until it is disposed of. Resolves with the headers. */
export function follow(port: number, { as, cookie, query = '', lastId }: Options): Promise<Followed> {
  const headers = {
    ...(as ? { authorization: basic(as) } : {}),
    ...(cookie === undefined ? {} : { cookie }),
    ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
  }
  return new Promise((resolve, reject) => {
    const path = `/api/v2.0/events/stream${query && `?${query}`}`
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      const reader = openReader()
      let end: ReturnType<Followed['end']> = 'open'
      response.on('data', (bytes: Buffer) => reader.take(bytes.toString('utf8')))
      response.on('end', () => (end = 'ended'))
      response.on('error', () => (end = 'cut'))
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        events: reader.events,
        lastId: reader.lastId,
        beats: reader.beats,
        end: () => end,
        pause: () => void response.pause(),
        read: () => void response.resume(),
        [Symbol.dispose]: () => void request.destroy(),
      })
    })
    request.on('error', reject)
    request.end()
  })
}

function openReader() {
  const events: Event[] = []
  let [rest, lastId, beats] = ['', '', 0]
  const block = (text: string) => {
    const field = (name: string) =>
      text
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2)
    lastId = field('id') ?? lastId
    const data = field('data')
    if (data === undefined) return void beats++
    events.push({ event: field('event')!, data: JSON.parse(data) as Event['data'], lastId })
  }
  return {
    events,
    lastId: () => lastId,
    beats: () => beats,
    take(text: string) {
      const blocks = (rest + text).split('\n\n')
      rest = blocks.pop()!
      for (const one of blocks) block(one)
    },
  }
}
