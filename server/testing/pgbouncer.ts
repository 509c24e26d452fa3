import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import { childEnvironment } from '../platform/db/embedded-cluster.ts'
import { chooseUser, commandFor, handOver } from '../platform/db/embedded-user.ts'
import { eventually } from './http.ts'
import { freePort } from './ports.ts'
import type { TestDatabase } from './postgres-server.ts'

/** PgBouncer in front of a database, as Debian packs it, with nothing set but what it needs. */
export async function openPgBouncer(url: string, mode: 'session' | 'transaction'): Promise<TestDatabase> {
  const dir = await mkdtemp(path.join(tmpdir(), 'marina-test-pgbouncer-'))
  const runAs = await chooseUser()
  const port = await freePort()
  const file = path.join(dir, 'pgbouncer.ini')
  await writeFile(file, configOf(new URL(url), mode, port))
  await handOver(dir, runAs)
  const command = commandFor(runAs, '/usr/sbin/pgbouncer', ['-q', file])
  const child = spawn(command.file, command.args, {
    ...command.ids,
    cwd: '/',
    env: childEnvironment(),
    stdio: 'ignore',
  })
  const through = new URL(url)
  through.search = ''
  through.host = `127.0.0.1:${port}`
  await eventually(() => ping(through.href))
  return {
    url: through.href,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function configOf({ pathname, searchParams }: URL, mode: string, port: number): string {
  return `[databases]
${pathname.slice(1)} = host=${searchParams.get('host')} user=marina
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 60
`
}

async function ping(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.end()
}
