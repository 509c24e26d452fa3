import { collect } from '../features/gc/index.ts'
import type { TestMarina } from './server.ts'

const options = {
  delayMs: 0,
  keepMs: 0,
  isUntaggedGarbage: false,
  isDryRun: false,
  workers: 2,
  perSecond: 0,
  mayGoOn: () => true,
}

/** Runs two collections without any delay: the second frees what the first released. */
export async function collectAll({ ground: { db, blobs } }: TestMarina): Promise<void> {
  const by = { kind: 'system', id: null, name: 'test' } as const
  const rest = { gates: { untag: [] }, by, signal: new AbortController().signal, log: () => {}, progress: () => {} }
  for (let round = 0; round < 2; round++) await collect({ db, blobs, ...rest, options })
}
