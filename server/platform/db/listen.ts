import type { Client } from 'pg'
import type { Db } from './db.ts'

/** In ms. */
const pauseAfterLoss = 1000

/**
 * Listens to a channel of NOTIFY on a connection of its own, which it opens again after it broke. `onHeard` gets each
 * payload; after every (re)connection it gets '', as notifications sent meanwhile are lost. Errors go to `onTrouble`.
 */
export function listenTo(
  db: Pick<Db, 'connect'>,
  channel: string,
  onHeard: (payload: string) => void,
  onTrouble: (error: unknown) => void,
): AsyncDisposable {
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let client: Client | undefined
  const open = async () => {
    client = await db.connect()
    client.once('error', lost)
    client.on('notification', ({ payload = '' }) => onHeard(payload))
    await client.query(`listen ${channel}`)
    if (!isClosed) onHeard('')
  }
  const lost = (error: unknown) => {
    if (isClosed) return
    onTrouble(error)
    void leave()
    timer = setTimeout(start, pauseAfterLoss)
  }
  const leave = async () => {
    client?.removeAllListeners('notification').on('error', () => {})
    await client?.end().catch(() => {})
  }
  let opening: Promise<void>
  const start = () => {
    opening = open().catch(lost)
  }
  start()
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearTimeout(timer)
      await opening
      await leave()
    },
  }
}
