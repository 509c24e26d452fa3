import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import { openDb } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { fresh, makeImage } from '../../testing/given.ts'
import { eventually } from '../../testing/http.ts'
import { openOtherRemote } from '../../testing/other-side.ts'
import { openTestDatabase } from '../../testing/postgres.ts'
import { LockLost, openLocks } from './locks.ts'
import { remoteName } from './remote.ts'

async function prepare(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  const file = join(import.meta.dirname, '../../migrations/0036-endpoint-locks.sql')
  await client.query(await readFile(file, 'utf8'))
  await client.end()
}

/** The locks as two processes see them: each has connections of its own. */
async function openPair(times = { leaseMs: 600_000, extendMs: 20, pollMs: 5 }) {
  await using opened = new AsyncDisposableStack()
  const { url } = opened.use(await openTestDatabase(prepare))
  const open = () => {
    const db = openDb({ url, poolSize: 4, acquireTimeoutMs: 30_000, statementTimeoutMs: 30_000, lockTimeoutMs: 30_000 })
    opened.defer(() => db.close())
    return { db, locks: openLocks(db, times) }
  }
  const [one, other] = [open(), open()]
  const kept = opened.move()
  return { url, one, other, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

const rows = ({ db }: { db: ReturnType<typeof openDb> }) => db.rows<{ key: string }>(sql`select key from endpoint_lock`)

test('what one process holds another one waits for, and gets afterwards; other keys are free', async () => {
  await using pair = await openPair()
  const [order, gate] = [[] as string[], Promise.withResolvers<void>()]
  const holding = Promise.withResolvers<void>()
  const first = pair.one.locks.hold('a', undefined, async () => {
    holding.resolve()
    await gate.promise
    order.push('first')
  })
  await holding.promise
  const second = pair.other.locks.hold('a', undefined, async () => void order.push('second'))
  await pair.other.locks.hold('b', undefined, async () => void order.push('beside'))
  gate.resolve()
  await Promise.all([first, second])
  assert.deepEqual(order, ['beside', 'first', 'second'])
  assert.deepEqual(await rows(pair.one), [])
})

test('work that fails frees the lock, and a wait ends when its caller gives up', async () => {
  await using pair = await openPair()
  const fails = pair.one.locks.hold('a', undefined, () => Promise.reject(new Error('no')))
  await assert.rejects(fails, /^Error: no$/)
  await pair.one.locks.hold('a', undefined, async () => {
    const asked = new AbortController()
    const waiting = pair.other.locks.hold('a', asked.signal, async () => assert.fail('it is held'))
    asked.abort(new Error('given up'))
    await assert.rejects(waiting)
  })
})

test('the lease of a holder goes on while it works; one that lost it is told before it writes', async () => {
  await using pair = await openPair()
  const leaseOf = async () =>
    (await pair.one.db.row<{ at: Date }>(sql`select lease_until as at from endpoint_lock`))!.at
  await pair.one.locks.hold('a', undefined, async ({ check, signal }) => {
    const before = await leaseOf()
    await eventually(async () => assert.ok((await leaseOf()) > before))
    await check()
    // As after a silence that was longer than the lease.
    await pair.one.db.run(sql`update endpoint_lock set lease_until = clock_timestamp() - interval '1 ms'`)
    await pair.other.locks.hold('a', undefined, async () => {
      await assert.rejects(check(), LockLost)
      assert.ok(signal.reason instanceof LockLost, 'a write that is on its way is given up')
    })
  })
})

test('a write that is on its way when the lease ends is given up, also when the database cannot be asked', async () => {
  await using pair = await openPair({ leaseMs: 200, extendMs: 600_000, pollMs: 5 })
  await pair.one.locks.hold('a', undefined, async ({ signal }) => {
    await eventually(() => assert.ok(signal.reason instanceof LockLost))
    await pair.other.locks.hold('a', undefined, async () => {})
  })
})

test('two processes that push referrers at once lose none where the index is under a tag', async () => {
  await using docker = await openDockerRegistry()
  await using pair = await openPair()
  using remote = openOtherRemote({ url: docker.url })
  const name = remoteName(fresh('team/app'))
  const by = { kind: 'system', id: null, name: 'test' } as const
  const image = makeImage(1)
  for (const blob of image.blobs) await remote.writeBlob(name, by, digestOf(blob), only(blob), blob.length)
  await remote.writeManifest(name, by, {
    reference: { digest: image.digest },
    tags: [],
    contentType: ociManifest,
    content: image.content,
  })
  const subject = { mediaType: ociManifest, digest: image.digest, size: image.content.length }
  const pushed = await Promise.all([12, 12].map((count) => pushElsewhere(pair.url, docker.url, name, subject, count)))
  const listed: string[] = []
  for await (const { digest } of remote.referrers(name, image.digest)) listed.push(digest)
  assert.equal(new Set(pushed.flat()).size, 24)
  assert.deepEqual(listed.toSorted(), pushed.flat().toSorted())
  assert.deepEqual(await rows(pair.one), [])
})

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

/** Pushes referrers from a process of its own; returns their digests. */
async function pushElsewhere(database: string, url: string, name: string, subject: object, count: number) {
  const program = join(import.meta.dirname, '../../testing/push-referrers.ts')
  const given = JSON.stringify({ database, url, name, subject, count })
  const child = spawn(process.execPath, [program, given], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (data: Buffer) => (stdout += String(data)))
  child.stderr.on('data', (data: Buffer) => (stderr += String(data)))
  const [code] = (await once(child, 'close')) as [number | null]
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as string[]
}
