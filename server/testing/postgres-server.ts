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

/** A PostgreSQL for tests: fast, and not durable should the machine lose power. */
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

type Oldest = {
  /** Server settings beside ours, in a folder of the server. */
  settings?: (dir: string) => Record<string, string>
  /** Puts files into the folder of the server, which then become those of its user. */
  prepare?(dir: string): Promise<void>
}

/** The same for tests, of the oldest version. */
export async function openOldestServer({ settings: more = () => ({}), prepare }: Oldest = {}): Promise<TestDatabase> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-test-pg-'))
  const runAs = await chooseUser()
  await prepare?.(dir)
  await handOver(dir, runAs)
  await makeCluster(path.join(dir, 'cluster'), runAs)
  const settings = Object.entries({
    ...hasty,
    listen_addresses: '',
    unix_socket_directories: dir,
    timezone: 'UTC',
    ...more(dir),
  })
  const args = ['-D', path.join(dir, 'cluster'), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const server = start(runAs, 'postgres', args)
  const { port = '5432' } = more(dir)
  const url = `postgresql://marina@localhost:${port}/postgres?host=${encodeURIComponent(dir)}`
  const close = async () => {
    if (server.kill('SIGINT')) await once(server, 'exit')
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await eventually(() => ping(url))
    return { url, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
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
