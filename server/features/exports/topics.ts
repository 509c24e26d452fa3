import { topic } from '../../catalog/topic.ts'

type Export = { executionId: number; report: string }

export const facts = {
  exportRequested: topic<Export>('export.requested'),
  exportDownloaded: topic<Export>('export.downloaded'),
}
