/** Several serving processes behind one port, as `marina serve` starts them: each test has its own Marina. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Client as Database } from 'pg'
import { checkAfterCrash } from './faults/check.ts'
import { bearer, openClient } from './faults/client.ts'
import { openHistory } from './faults/history.ts'
import { blobOf } from './faults/image.ts'
import { socketUrl } from './faults/kills.ts'
import { repositories, startLoad } from './faults/load.ts'
import { adminPassword } from './faults/marina.ts'
import { basic, beginUpload } from './http.ts'
import { digestOf } from './image.ts'
import { end, family, makeFolder, root, send, startMarina, type Marina } from './marina.ts'

const limitMs = 100_000

/** Both processes run from the beginning. */
const two = { MARINA_PROCESSES: '2', MARINA_PROCESSES_IDLE: '2', MARINA_ADMIN_PASSWORD: adminPassword }

test('a serving process that is killed under load is replaced, and nothing acknowledged is lost', async () => {
  await using folder = await makeFolder()
  await using marina = await startMarina({ dataDir: folder.dir, env: { ...two, MARINA_LOG_REQUESTS: 'none' } })
  const port = portOf(marina)
  await serving(marina, 2)
  const history = openHistory()
  const authorization = await bearer(port, repositories)
  const shared = Array.from({ length: 3 }, () => blobOf(randomBytes(2048)))
  for (let kills = 0; kills < 4; kills++) {
    const load = startLoad({ port, authorization, seed: kills, history, shared })
    const before = history.acknowledged().pushes
    await until(() => assert.ok(history.acknowledged().pushes > before + 10))
    // The lead and the other one in turn: the lead also runs jobs and reactions.
    send(servingProcesses(marina)[kills % 2]!, 'SIGKILL')
    await until(async () => assert.equal(await figure(marina, 'marina_processes_lost_total'), kills + 1))
    await serving(marina, 2)
    await load.stop()
  }
  await withDatabase(folder.dir, async (database) => {
    // Claims of a killed process on uploads last for 30 s; this ends them.
    await database.query(`update upload set claimed_at = claimed_at - interval '31 seconds' where claim is not null`)
    await checkAfterCrash({ port, authorization, history, database, everything: true })
  })
  assert.deepEqual(history.violations, [])
  assert.match(marina.stderr(), /"reason":"was ended by SIGKILL","msg":"a serving process has ended and is replaced"/)
  // `processes` stays unhealthy for a minute after the last of several kills; the parts that the lead runs are well.
  const isWell = ({ name, status }: Health['components'][number]) => name === 'processes' || status === 'healthy'
  await until(async () =>
    assert.deepEqual(
      (await health(marina)).components.filter((one) => !isWell(one)),
      [],
    ),
  )
  await marina.stop()
})

test('SIGTERM lets the uploads of all processes finish, and leaves nothing running', async () => {
  await using folder = await makeFolder()
  await using marina = await startMarina({ dataDir: folder.dir, env: two })
  await serving(marina, 2)
  const bytes = Array.from({ length: 8 }, () => randomBytes(200_000))
  const uploads = await Promise.all(
    bytes.map((one) => beginUpload(marina.url, 'library/slow', digestOf(one), one, adminPassword)),
  )
  process.kill(marina.pid, 'SIGTERM')
  await marina.said(/SIGTERM: finishing running requests/)
  for (const upload of uploads) assert.equal((await upload.finish()).statusCode, 201)
  assert.deepEqual(await marina.exited, { code: 0, signal: null }, marina.stderr())
  assert.equal(marina.stdout().match(/is ready after/g)?.length, 1)
  assert.equal(marina.stdout().match(/has stopped/g)?.length, 1)
})

test('an upload goes on at whichever process its next request reaches', async () => {
  await using folder = await makeFolder()
  await using marina = await startMarina({ dataDir: folder.dir, env: two })
  const port = portOf(marina)
  await serving(marina, 2)
  const bytes = randomBytes(160_000)
  const started = await over(port, 'POST', '/v2/library/moving/blobs/uploads/')
  assert.equal(started.status, 202)
  let location = started.headers.location!
  for (let at = 0; at < bytes.length; at += 10_000) {
    const headers = { 'content-range': `${at}-${at + 9999}`, 'content-type': 'application/octet-stream' }
    const patched = await over(port, 'PATCH', location, { headers, body: bytes.subarray(at, at + 10_000) })
    assert.equal(patched.status, 202, patched.body.toString())
    location = patched.headers.location!
  }
  const digest = digestOf(bytes)
  const done = await over(port, 'PUT', `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`, {
    body: Buffer.alloc(0),
  })
  assert.equal(done.status, 201, done.body.toString())
  for (let pulls = 0; pulls < 6; pulls++)
    assert.ok((await over(port, 'GET', `/v2/library/moving/blobs/${digest}`)).body.equals(bytes))
  await marina.stop()
})

test('the metrics of all processes are one page, and its counts do not fall when a process ends', async () => {
  await using folder = await makeFolder()
  await using marina = await startMarina({ dataDir: folder.dir, env: two })
  const port = portOf(marina)
  await serving(marina, 2)
  const pings = 'marina_http_requests_total{door="api",method="GET",status="200"}'
  for (let n = 0; n < 40; n++) assert.equal((await over(port, 'GET', '/api/v2.0/ping')).status, 200)
  await until(async () => assert.equal(await figure(marina, pings), 40))
  assert.equal(await figure(marina, 'marina_cache_processes'), 2)
  for (const pid of servingProcesses(marina)) send(pid, 'SIGKILL')
  await until(async () => assert.equal(await figure(marina, 'marina_processes_lost_total'), 2))
  await serving(marina, 2)
  assert.equal(await figure(marina, pings), 40)
  await over(port, 'GET', '/api/v2.0/ping')
  await until(async () => assert.equal(await figure(marina, pings), 41))
  await marina.stop()
})

test('every process reports the background parts that run in the lead', async () => {
  await using folder = await makeFolder()
  await using marina = await startMarina({ dataDir: folder.dir, env: two })
  await serving(marina, 2)
  for (let asked = 0; asked < 12; asked++) {
    const { components } = await health(marina)
    const names = components.map(({ name }) => name)
    for (const name of ['core', 'processes', 'database', 'registry', 'events', 'jobs', 'sweeps', 'webhooks'])
      assert.equal(names.filter((one) => one === name).length, 1, `${name} in ${names.join(', ')}`)
  }
  await marina.stop()
})

test('further processes start under load, and clients with open connections reach them', async () => {
  await using folder = await makeFolder()
  const env = { ...two, MARINA_PROCESSES_IDLE: '1', MARINA_LOG_REQUESTS: 'none' }
  await using marina = await startMarina({ dataDir: folder.dir, env })
  assert.equal(await figure(marina, 'marina_processes'), 1)
  const enough = new AbortController()
  const clients = Array.from({ length: 32 }, async () => {
    using client = openClient(portOf(marina), basic(adminPassword).authorization)
    while (!enough.signal.aborted)
      assert.equal((await client.ask('GET', '/api/v2.0/projects?page_size=100')).status, 200)
  })
  try {
    await Promise.race([serving(marina, 2), ...clients])
  } finally {
    enough.abort()
    await Promise.all(clients)
  }
  await marina.stop()
})

test('a port that another Marina shares among its processes is refused with a clear message', async () => {
  await using folder = await makeFolder()
  await using marina = await startMarina({ dataDir: folder.dir, env: two })
  await serving(marina, 2)
  for (const processes of ['1', '2']) {
    await using other = await makeFolder()
    const second = await end([process.execPath, path.join(root, 'server/main.ts'), 'serve'], {
      cwd: other.dir,
      env: {
        MARINA_DATA_DIR: other.dir,
        MARINA_HOST: '127.0.0.1',
        MARINA_PORT: String(portOf(marina)),
        MARINA_METRICS_PORT: 'off',
        MARINA_LOG_LEVEL: 'warn',
        MARINA_PROCESSES: processes,
      },
    })
    assert.equal(second.code, 1)
    const text = `port ${portOf(marina)} on 127.0.0.1 is in use by another program: end that, or set MARINA_PORT`
    assert.equal(second.stderr, `marina: ${text}\n`)
  }
  await marina.stop()
})

const portOf = ({ url }: Marina) => Number(new URL(url).port)

/** One request over a connection of its own, which any of the processes may get. */
async function over(
  port: number,
  method: string,
  at: string,
  asked: Parameters<ReturnType<typeof openClient>['ask']>[2] = {},
) {
  using client = openClient(port)
  const { pathname, search } = new URL(at, `http://127.0.0.1:${port}`)
  return await client.ask(method, `${pathname}${search}`, asked)
}

/** The processes that answer requests, in the order in which they were started. */
function servingProcesses({ pid }: Marina): number[] {
  // From the sources, or from the bundle of them.
  const isServing = (one: number) => /\/serving\.(ts|mjs)\0/.test(readFileSync(`/proc/${one}/cmdline`, 'utf8'))
  return family(pid).filter(isServing)
}

const serving = (marina: Marina, count: number) =>
  until(async () => assert.equal(await figure(marina, 'marina_processes'), count))

async function figure(marina: Marina, name: string): Promise<number> {
  const page = /metrics +(\S+)/.exec(marina.stdout())![1]!
  const text = await (await fetch(page)).text()
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1),
  )
}

type Health = { status: string; components: { name: string; status: string }[] }

async function health(marina: Marina): Promise<Health> {
  const { status, body } = await over(portOf(marina), 'GET', '/api/v2.0/health')
  assert.equal(status, 200)
  return JSON.parse(body.toString()) as Health
}

async function withDatabase(dataDir: string, work: (database: Database) => Promise<void>): Promise<void> {
  const database = new Database(socketUrl(dataDir))
  await database.connect()
  try {
    await work(database)
  } finally {
    await database.end()
  }
}

async function until(check: () => Promise<void> | void): Promise<void> {
  const limit = performance.now() + limitMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > limit) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
