import { Failure } from '../platform/http/failure.ts'
import { isReading } from '../platform/http/cross-site.ts'

/** Harbor's lists of things that Marina does not have yet, so they are empty; paths below /api/v2.0. */
const lists = [/^\/p2p\/preheat\/(?:instances|providers)$/, /^\/projects\/[^/]+\/preheat\/(?:policies|providers)$/]

/** Paths below which Harbor has operations that change or start something, and Marina has none yet. */
const changes = [/^\/p2p\/preheat(?:\/|$)/, /^\/projects\/[^/]+\/preheat\//]

/**
 * Answers operations that Harbor has and Marina does not have yet: a list is empty, a change throws NOT_IMPLEMENTED.
 * Clients would read 404 as "it does not exist" and go on. Returns undefined for all other paths.
 */
export function unbuiltFor(method: string, path: string): (() => []) | undefined {
  const known = isReading(method) ? lists : changes
  if (!known.some((one) => one.test(path))) return undefined
  return () => {
    if (!isReading(method)) throw new Failure('NOT_IMPLEMENTED')
    return []
  }
}
