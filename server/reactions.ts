import { facts as nouns } from './catalog/topics.ts'
import { facts as artifacts } from './features/artifacts/topics.ts'
import { facts as immutability } from './features/immutability/topics.ts'
import { facts as repositories } from './features/repositories/topics.ts'
import { facts as scanning } from './features/scanning/topics.ts'
import { topicsOf } from './platform/events/emit.ts'
import type { Reaction } from './platform/events/reaction.ts'

/** Every topic that somebody emits; a reaction to another one is refused at the start. */
export const topics: ReadonlySet<string> = new Set([nouns, artifacts, immutability, repositories, scanning].flatMap(topicsOf))

/** Who is told of what, in one list. A feature lends its reaction by its index.ts. */
export function reactionsOf(): Reaction[] {
  return []
}
