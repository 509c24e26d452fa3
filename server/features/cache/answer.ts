import type { Cache } from '../../platform/cache/cache.ts'
import type { CacheCounts } from '../../platform/cache/counts.ts'
import { resourceOf } from '../../platform/cache/keys.ts'
import type { Question } from '../../platform/cache/peers/messages.ts'

/** The entries that one process holds of a resource in one layer, and how often each cache event happened there. */
export type Held = { layer: string; resource: string; entries: number; bytes: number; counts: CacheCounts['counts'] }
export type Look = { bytes: number; value?: string }

export type CacheQuestion =
  | { about: 'cache.count' }
  | { about: 'cache.keys'; resource: string; beginning: string; limit: number }
  | { about: 'cache.look'; key: string }
  | { about: 'cache.forget'; resource: string; key: string | null }

/** The most characters of a value that are shown. */
const shownLimit = 65_536

/**
 * Answers the questions of other processes and of commands about this process's cache. `isOpen`: whether the values of
 * a resource hold no secret and may be shown.
 */
export function openCacheAnswers(
  cache: Cache,
  counts: () => CacheCounts[],
  isOpen: (resource: string) => boolean,
): (question: Question) => unknown {
  return (asked) => {
    const question = asked as CacheQuestion
    switch (question.about) {
      case 'cache.count':
        return countHeld(cache, counts())
      case 'cache.keys':
        return listKeys(cache, question)
      case 'cache.look':
        return look(cache, question.key, isOpen)
      case 'cache.forget':
        return forget(cache, question)
    }
  }
}

function countHeld(cache: Cache, counts: CacheCounts[]): Held[] {
  const held = new Map<string, { entries: number; bytes: number }>()
  for (const { key, bytes } of cache.entries()) {
    const resource = resourceOf(key)
    const one = held.get(resource) ?? { entries: 0, bytes: 0 }
    held.set(resource, { entries: one.entries + 1, bytes: one.bytes + bytes })
  }
  return counts.map((one) => ({ ...one, ...(one.layer === 'memory' ? (held.get(one.resource) ?? nothing) : nothing) }))
}

const nothing = { entries: 0, bytes: 0 }

function listKeys(
  cache: Cache,
  { resource, beginning, limit }: { resource: string; beginning: string; limit: number },
): string[] {
  const keys: string[] = []
  for (const { key } of cache.entries()) if (resourceOf(key) === resource && key.startsWith(beginning)) keys.push(key)
  return keys.sort().slice(0, limit)
}

function look(cache: Cache, wanted: string, isOpen: (resource: string) => boolean): Look | null {
  const held = cache.look(wanted)
  return held ? { bytes: held.bytes, ...(isOpen(resourceOf(wanted)) ? { value: shown(held.value) } : {}) } : null
}

function shown(value: object): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    isBytes(part) ? Buffer.from(part.data).toString('utf8') : part,
  )
  return text.slice(0, shownLimit)
}

/** Whether JSON.stringify made this part of a Buffer, which it does before the replacer sees it. */
const isBytes = (part: unknown): part is { data: number[] } =>
  typeof part === 'object' && part !== null && (part as { type?: unknown }).type === 'Buffer'

function forget(cache: Cache, { resource, key }: { resource: string; key: string | null }): number {
  if (key === null) return cache.flush(resource)
  const before = cache.size().entries
  cache.block([key])()
  return before - cache.size().entries
}
