import { topic } from '../../catalog/topic.ts'

export const facts = {
  reactionReplayed: topic<{ name: string; fromFact: number }>('reaction.replayed'),
  reactionRetried: topic<{ name: string; taken: number; left: number }>('reaction.retried'),
}
