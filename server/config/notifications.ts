import { MiB, hour, optional, setting, size, time } from './setting.ts'
import { line, type Parser } from './units.ts'

/** A shared secret that cannot be guessed in passing. */
const secretLine: Parser<string> = (text) => {
  const secret = line(text)
  if (secret.length < 16) throw new Error('must have at least 16 characters, for example from: openssl rand -hex 32')
  return secret
}

/** Events that another registry posts to Marina. */
export const notifications = {
  secret: setting({
    env: 'MARINA_NOTIFICATIONS_SECRET',
    path: 'notifications.secret',
    parse: optional(secretLine),
    fallback: undefined,
    secret: true,
    help:
      'shared secret of another registry that posts its events to /service/notifications, at least 16 ' +
      'characters; closed when absent',
  }),
  bytes: size({
    env: 'MARINA_NOTIFICATIONS_BYTES',
    path: 'notifications.bytes',
    min: 64 * 1024,
    max: 64 * MiB,
    fallback: 4 * MiB,
    help: 'size of one envelope of such events',
  }),
  memoryMs: time({
    env: 'MARINA_NOTIFICATIONS_MEMORY',
    path: 'notifications.memory',
    min: hour,
    max: 8760 * hour,
    fallback: 168 * hour,
    help: 'how long the ids of such events are remembered, so that one sent again is not counted again',
  }),
}
