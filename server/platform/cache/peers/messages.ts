import { sql } from '../../db/sql.ts'
import type { Db } from '../../db/db.ts'

/** A question that only the processes themselves can answer. Question and answer are JSON. */
export type Question = { about: string; [more: string]: unknown }

/** `from` names the process that makes the change, `xid` its transaction; null when that has written nothing. */
export type Block = {
  kind: 'block'
  from: string
  change: string
  keys: string[]
  needsAck: boolean
  xid?: string | null
}
type Release = { kind: 'release'; from: string; change: string }
/** `from` names a lease, `to` the process that makes the change. */
type Ack = { kind: 'ack'; from: string; change: string; to: string }
/** `change` is the id of the question; `to` names a lease, null all of them. */
export type Asking = { kind: 'ask'; from: string; change: string; to: string | null; question: Question | 'stamps' }
export type Message = Block | Release | Ack | Asking

/** The channel of NOTIFY on which all processes of a database send messages. */
export const channel = 'marina_cache'
/** In bytes: PostgreSQL refuses a payload of 8000 bytes and more. */
const payloadLimit = 7000

/** Sends to every process that listens, this one included. All of them receive notifications in the same order. */
export async function send(db: Db, message: Message): Promise<void> {
  await db.relaxed.run(sql`select pg_notify(${channel}, ${JSON.stringify(message)})`)
}

/** Splits keys into batches that each fit into one notification. */
export function batchesOf(keys: string[]): string[][] {
  const batches: string[][] = [[]]
  let size = 0
  for (const key of keys) {
    const bytes = Buffer.byteLength(JSON.stringify(key)) + 1
    if (size + bytes > payloadLimit) {
      batches.push([])
      size = 0
    }
    batches.at(-1)!.push(key)
    size += bytes
  }
  return batches
}
