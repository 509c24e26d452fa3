import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openEmbeddedPostgres } from '../platform/db/embedded.ts'

export type TestDatabase = { url: string; [Symbol.asyncDispose](): Promise<void> }

/** A PostgreSQL for tests: fast, and not durable should the machine lose power. */
export async function openTestServer(): Promise<TestDatabase> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-test-pg-'))
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' }
  const server = await openEmbeddedPostgres({ dir, settings })
  const close = async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
  return { url: server.url, [Symbol.asyncDispose]: close }
}
