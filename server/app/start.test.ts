import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '../platform/observe/log.ts'
import { openTestDatabase } from '../testing/postgres.ts'
import { openTestMarina } from '../testing/server.ts'
import { openTcpProxy } from '../testing/tcp-proxy.ts'

/** A database that is reached over TCP, through something that a test can cut or slow down. */
async function openRemote() {
  await using opened = new AsyncDisposableStack()
  const { url } = opened.use(await openTestDatabase())
  const socket = `${new URL(url).searchParams.get('host')}/.s.PGSQL.5432`
  const proxy = opened.use(await openTcpProxy({ path: socket }))
  const remote = new URL(url)
  remote.search = ''
  remote.host = `127.0.0.1:${proxy.port}`
  const kept = opened.move()
  return { proxy, url: remote.href, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

test('a first start on an empty database has nothing to log', async () => {
  await using database = await openTestDatabase()
  const lines: string[] = []
  const stream = { isTTY: false, write: (line: string) => lines.push(line) > 0 } as unknown as NodeJS.WriteStream
  await using marina = await openTestMarina(
    { MARINA_DATABASE_URL: database.url },
    openLog({ level: 'info', format: 'text', stream }),
  )
  assert.equal((await marina.ask('GET', '/api/v2.0/ping')).status, 200)
  assert.deepEqual(lines, [])
})

test('a start waits for a database that comes up later, and says so', async () => {
  await using remote = await openRemote()
  const lines: string[] = []
  const stream = { isTTY: false, write: (line: string) => lines.push(line) > 0 } as unknown as NodeJS.WriteStream
  remote.proxy.isCut = true
  setTimeout(() => (remote.proxy.isCut = false), 1500)
  const log = openLog({ level: 'warn', format: 'text', stream })
  await using marina = await openTestMarina({ MARINA_DATABASE_URL: remote.url }, log)
  assert.equal((await marina.ask('GET', '/api/v2.0/ping')).status, 200)
  assert.match(lines.join(''), /waiting for the database reason=.*cannot be reached/)
})

test('a start does not mind a database that is slower than a request would wait', async () => {
  await using remote = await openRemote()
  remote.proxy.delayMs = 300
  const settings = { MARINA_DATABASE_URL: remote.url, MARINA_DATABASE_WAIT: '100ms' }
  const starting = openTestMarina(settings)
  await sleep(3000)
  remote.proxy.delayMs = 0
  await using marina = await starting
  assert.equal((await marina.ask('GET', '/api/v2.0/ping')).status, 200)
})

test('a start gives up at the end of its time, and at once where waiting does not help', async () => {
  await using remote = await openRemote()
  remote.proxy.isCut = true
  const start = (url: string, wait: string) =>
    openTestMarina({ MARINA_DATABASE_URL: url, MARINA_DATABASE_START_WAIT: wait })
  await assert.rejects(start(remote.url, '1s'), /the database cannot be reached/)
  remote.proxy.isCut = false
  await assert.rejects(start(remote.url.replace(/\/[^/]*$/, '/absent'), '1m'), /database "absent" does not exist/)
})
