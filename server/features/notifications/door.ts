import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Db } from '../../platform/db/db.ts'
import { readBody } from '../../platform/http/body.ts'
import { Failure } from '../../platform/http/failure.ts'
import { takeEvents, type Taken } from './actions.ts'
import { BadEnvelope, parseEnvelope } from './rules.ts'

type NotificationOptions = {
  db: Db
  /** The registry sends it as `Authorization: Bearer <secret>`. Undefined: every request is 404. */
  secret: string | undefined
  /** The largest envelope that is read, in bytes (S4-03). */
  bodyBytes: number
  isReadOnly(): Promise<boolean>
  onTaken(taken: Taken & { passedOver: number }): void
}

/** Answers POST /service/notifications, by which another registry reports its events. Throws Failures. */
export function openNotificationDoor({ db, secret, bodyBytes, isReadOnly, onTaken }: NotificationOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (secret === undefined)
      throw new Failure('NOT_FOUND', 'no notifications are taken here: MARINA_NOTIFICATIONS_SECRET is not set')
    if (request.method !== 'POST') throw new Failure('METHOD_NOT_ALLOWED')
    if (!isSame(`Bearer ${secret}`, request.headers.authorization ?? ''))
      throw new Failure('UNAUTHORIZED', 'the Authorization header does not hold the shared secret')
    const { events, passedOver } = await readEnvelope(request, bodyBytes)
    // After a 503 the registry sends the envelope again, so that no event is lost.
    if (await isReadOnly())
      throw new Failure('UNAVAILABLE', 'Marina is in read-only mode', { headers: { 'retry-after': '30' } })
    const taken = events.length === 0 ? { taken: 0, repeated: 0, strangers: [] } : await takeEvents(db, events)
    onTaken({ ...taken, passedOver })
    response
      .writeHead(200, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'content-length': 0 })
      .end()
  }
}

async function readEnvelope(request: IncomingMessage, limit: number) {
  const body = await readBody(request, limit)
  try {
    return parseEnvelope(body.toString('utf8'))
  } catch (error) {
    if (error instanceof BadEnvelope) throw new Failure('BAD_REQUEST', error.message)
    throw error
  }
}

/** Compares in constant time: how long it takes says nothing about how much was right. */
function isSame(wanted: string, given: string): boolean {
  const [one, other] = [wanted, given].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(one, other)
}
