import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { childEnvironment } from '../platform/db/embedded-cluster.ts'
import { chooseUser, commandFor, handOver, type RunAs } from '../platform/db/embedded-user.ts'
import { openEmbeddedPostgres } from '../platform/db/embedded.ts'
import { eventually } from './http.ts'

export type TestDatabase = { url: string; [Symbol.asyncDispose](): Promise<void> }

const hasty = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' }

/** A PostgreSQL for tests: everything a lost power line could cost is given up for speed. */
export async function openTestServer(): Promise<TestDatabase> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-test-pg-'))
  const server = await openEmbeddedPostgres({ dir, settings: hasty })
  const close = async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
  return { url: server.url, [Symbol.asyncDispose]: close }
}

/** The oldest PostgreSQL that the documents promise (MARINA_DATABASE_URL), as Debian packs it. */
export const oldestVersion = 15

/** The same for tests, of the oldest version. */
export async function openOldestServer(): Promise<TestDatabase> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-test-pg-'))
  const runAs = await chooseUser()
  await handOver(dir, runAs)
  await makeCluster(dir, runAs)
  const settings = Object.entries({ ...hasty, listen_addresses: '', unix_socket_directories: dir, timezone: 'UTC' })
  const args = ['-D', dir, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const server = start(runAs, 'postgres', args)
  const url = `postgresql://marina@localhost/postgres?host=${encodeURIComponent(dir)}`
  await eventually(() => ping(url))
  const close = async () => {
    server.kill('SIGINT')
    await once(server, 'exit')
    await rm(dir, { recursive: true, force: true })
  }
  return { url, [Symbol.asyncDispose]: close }
}

const program = (name: string) => `/usr/lib/postgresql/${oldestVersion}/bin/${name}`

async function makeCluster(dir: string, runAs: RunAs): Promise<void> {
  const wanted = ['-D', dir, '-U', 'marina', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  const { file, args, ids } = commandFor(runAs, program('initdb'), wanted)
  await promisify(execFile)(file, args, { ...ids, cwd: '/', env: childEnvironment() })
}

function start(runAs: RunAs, name: string, wanted: string[]) {
  const { file, args, ids } = commandFor(runAs, program(name), wanted)
  return spawn(file, args, { ...ids, cwd: '/', env: childEnvironment(), stdio: 'ignore' })
}

async function ping(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.end()
}
