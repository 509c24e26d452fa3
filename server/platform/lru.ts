import { LRUCache } from 'lru-cache'

type More<Key, Value> = Pick<LRUCache.Options<Key, Value, unknown>, 'ttl' | 'dispose'>

/**
 * An LRU cache of at most `most` entries, whose memory grows with them. LRUCache's own `max` takes the memory for all
 * of them at once: 2 MB for 50,000.
 */
export function openLru<Key extends {}, Value extends {}>(
  most: number,
  more: More<Key, Value> = {},
): LRUCache<Key, Value> {
  return new LRUCache<Key, Value>({ ...more, maxSize: most, sizeCalculation: () => 1 })
}
