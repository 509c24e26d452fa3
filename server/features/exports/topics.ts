import type { Actor } from '../../catalog/topics.ts'
import type { Fact } from '../../platform/events/emit.ts'

type At = { executionId: number; report: string }

export const facts = {
  exportRequested: (at: At, by: Actor): Fact => ({ topic: 'export.requested', payload: { ...at, by } }),
  exportDownloaded: (at: At, by: Actor): Fact => ({ topic: 'export.downloaded', payload: { ...at, by } }),
}
