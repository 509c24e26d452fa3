import type { IncomingMessage } from 'node:http'
import * as api from '../../../api/events.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { content } from '../../platform/http/reply.ts'
import type { Metrics } from '../../platform/observe/metrics.ts'
import type { Caller } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { Client } from './client.ts'
import { Hub, type HubOptions } from './hub.ts'
import { parsePlace, type Place } from './place.ts'

type Rules = {
  /** Streams of this process, and of one caller in it. */
  streams: number
  perCaller: number
  bufferBytes: number
  heartbeatMs: number
  /** How long a stream lasts, in ms. */
  ttlMs: number
  replay: number
}

export type Lent = Pick<HubOptions, 'onTrouble' | 'keepMs'> & {
  reader: Reader & { db: Db }
  /** Whether the session that a request came with is still open; true for a request with a password. */
  isOpen(request: IncomingMessage): Promise<boolean>
  rules: Rules
}

type Named = Exclude<Caller, { kind: 'anonymous' }>

/** The streams of this process. `close` ends them all, and takes no more. */
export function openStreams({ reader, isOpen, rules, keepMs, onTrouble }: Lent) {
  const hub = new Hub({ ...rules, reader, keepMs, onTrouble, isOpen: ({ request }) => isOpen(request) })
  let isClosed = false
  let cut = 0

  const stream = route(api.streamEvents, 'user', async ({ caller, query, request }) => {
    if (caller.kind === 'anonymous') throw new Failure('UNAUTHORIZED')
    const [topics, place] = [parseTopics(query.topics), placeOf(request)]
    if (isClosed) throw new Failure('UNAVAILABLE', 'this Marina is ending: open the stream again', again)
    refuseTooMany(hub, rules, caller)
    const { project_id: projectId, seconds = Infinity } = query
    const { bufferBytes } = rules
    const client = new Client({ caller, request, topics, projectId, bufferBytes, onEnded })
    const timer = setTimeout(() => client.end(), Math.min(seconds === 0 ? Infinity : seconds * 1000, rules.ttlMs))
    client.body.once('close', () => clearTimeout(timer))
    void hub.add(client, place).then(
      () => seconds === 0 && client.end(),
      (error: unknown) => {
        onTrouble(error)
        client.end()
      },
    )
    // The last header keeps nginx from holding events back.
    return content('text/event-stream; charset=utf-8', client.body, { 'x-accel-buffering': 'no' })
  })

  function onEnded(client: Client): void {
    if (client.isSlow) cut++
    hub.remove(client)
  }

  return {
    routes: [stream] satisfies ApiRoute[],
    close: () => {
      isClosed = true
      return hub.close()
    },
    measure: (metrics: Metrics) => measure(metrics, () => ({ open: hub.clients.size, cut })),
  }
}

function measure(metrics: Metrics, counts: () => { open: number; cut: number }): void {
  metrics.gauge('marina_event_streams', 'Streams of events that are open', () => counts().open)
  metrics.counts('marina_event_streams_cut_total', 'Streams that were cut as their client did not read', [], () => [
    { labels: [], value: counts().cut },
  ])
}

const again = { headers: { 'retry-after': '5' } }

function refuseTooMany({ clients }: Hub, { streams, perCaller }: Rules, { kind, id }: Named): void {
  if (clients.size >= streams)
    throw new Failure('UNAVAILABLE', `more than ${streams} streams are open here: poll instead`, again)
  const own = [...clients].filter(({ caller }) => caller.kind === kind && caller.id === id)
  if (own.length >= perCaller)
    throw new Failure('TOO_MANY_REQUESTS', `more than ${perCaller} streams of yours are open: end some`, again)
}

function parseTopics(text: string | undefined): ReadonlySet<api.StreamTopic> {
  const names = (text ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
  const unknown = names.find((name) => !(api.streamTopics as readonly string[]).includes(name))
  if (unknown !== undefined)
    throw new Failure('BAD_REQUEST', `topics: ${JSON.stringify(unknown)} is none of ${api.streamTopics.join(', ')}`)
  return new Set(names.length === 0 ? api.streamTopics : (names as api.StreamTopic[]))
}

/** A browser sends the header when it reconnects; other clients may do the same. */
function placeOf({ headers }: IncomingMessage): Place | undefined {
  const text = headers['last-event-id']
  if (text === undefined || text === '') return undefined
  const place = typeof text === 'string' ? parsePlace(text) : undefined
  if (!place)
    throw new Failure('BAD_REQUEST', 'Last-Event-ID must be the id of an event of this stream, or be left out')
  return place
}
