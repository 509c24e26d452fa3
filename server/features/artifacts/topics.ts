import type { Actor, Place } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

export const facts = {
  artifactCopied: (at: Place & { digest: string; from: string; tags: string[] }, by: Actor): Fact => ({ topic: 'artifact.copied', payload: { ...at, by } }),
  artifactLabeled: (at: Place & { digest: string; labelId: number }, by: Actor): Fact => ({ topic: 'artifact.labeled', payload: { ...at, by } }),
  artifactUnlabeled: (at: Place & { digest: string; labelId: number }, by: Actor): Fact => ({ topic: 'artifact.unlabeled', payload: { ...at, by } }),
}
