import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

export const facts = {
  reactionReplayed: (at: { name: string; fromFact: number }, by: Actor): Fact => ({ topic: 'reaction.replayed', payload: { ...at, by } }),
  reactionRetried: (at: { name: string; taken: number; left: number }, by: Actor): Fact => ({ topic: 'reaction.retried', payload: { ...at, by } }),
}
