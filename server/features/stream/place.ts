/**
 * How far a stream has come in the outbox: it has been given all facts visible in the snapshot `seen`, and of those
 * visible in `until` the ones up to the id `lastId`. `at`: when that was, in ms since 1970, by the server's clock.
 */
export type Place = { seen: string; until: string | undefined; lastId: number; at: number }

/** The longest Last-Event-ID that is read, in characters: a snapshot lists the transactions that were running. */
const longest = 8000

/** The place as the id of an event. It names no secret, and any process of the database understands it. */
export function writePlace({ seen, until = '', lastId, at }: Place): string {
  return Buffer.from([at, seen, until, lastId].join('|')).toString('base64url')
}

/** Undefined for a text that `writePlace` has not written. */
export function parsePlace(text: string): Place | undefined {
  if (text.length > longest || !/^[\w-]+$/.test(text)) return undefined
  const [at = '', seen = '', until = '', lastId = '', ...rest] = Buffer.from(text, 'base64url')
    .toString('latin1')
    .split('|')
  if (rest.length > 0 || !/^\d{1,15}$/.test(at) || !/^\d{1,15}$/.test(lastId)) return undefined
  if (!isSnapshot(seen) || (until !== '' && !isSnapshot(until))) return undefined
  return { seen, until: until === '' ? undefined : until, lastId: Number(lastId), at: Number(at) }
}

/** Whether PostgreSQL reads the text as a pg_snapshot: `xmin:xmax:xip_list`, ascending (PostgreSQL, 9.27.7). */
function isSnapshot(text: string): boolean {
  const [, min, max, list = ''] = /^(\d{1,18}):(\d{1,18}):((?:\d{1,18}(?:,\d{1,18})*)?)$/.exec(text) ?? []
  if (min === undefined || max === undefined) return false
  const [least, most] = [BigInt(min), BigInt(max)]
  if (least < 1n || least > most) return false
  let before = least - 1n
  return list
    .split(',')
    .filter((one) => one !== '')
    .every((one) => {
      const id = BigInt(one)
      const fits = id > before && id < most
      before = id
      return fits
    })
}
