import { createHash } from 'node:crypto'

/**
 * A UUID that a fact always has: when it is handled again or replayed, a receiver can tell that it knows the fact
 * (F41).
 */
export function eventIdOf(fact: { id: number; topic: string; payload: unknown }): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([fact.id, fact.topic, fact.payload]))
    .digest()
  hash[6] = (hash[6]! & 0x0f) | 0x80
  hash[8] = (hash[8]! & 0x3f) | 0x80
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
