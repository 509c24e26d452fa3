import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

export const facts = {
  /** `key` null: all keys of the resource. */
  cacheForgotten: (at: { resource: string; key: string | null }, by: Actor): Fact => ({ topic: 'cache.forgotten', payload: { ...at, by } }),
}
