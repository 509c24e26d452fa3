import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import path from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openClient, Cut, type Client } from './client.ts'
import { blobOf, makeImage, type Image } from './image.ts'
import { startMarina } from './marina.ts'
import { errorCode, openFolder, pullsWhole, pushImage } from './scene.ts'

const repository = 'library/scarce'
const mebibyte = 1024 * 1024

suite('when the machine has no more', () => {
  test('a full disk is 507 and shows in health; pulls and deletes go on, and with room pushes (F13)', async () => {
    await using folder = await openFolder()
    await using disk = await openSmallDisk(path.join(folder.dir, 'disk'), 24)
    await using marina = await startMarina({ settings: { MARINA_DATA_DIR: folder.dir, MARINA_STORAGE_ROOT: disk.dir } })
    using client = openClient(marina.port)
    const kept = makeImage([blobOf(randomBytes(2 * mebibyte))])
    assert.equal(await pushImage(client, repository, kept, 'kept'), 201)
    const large = blobOf(randomBytes(23 * mebibyte))
    const before = await filesIn(disk.dir)

    const whole = await client.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${large.digest}`, {
      body: large.bytes,
    })
    assert.deepEqual([whole.status, errorCode(whole.body)], [507, 'UNAVAILABLE'])
    assert.equal(whole.headers['retry-after'], undefined)
    assert.match(await health(client), /"registry","status":"unhealthy"/)
    const { headers } = await client.ask('POST', `/v2/${repository}/blobs/uploads/`, { body: Buffer.alloc(0) })
    const chunk = await client.ask('PATCH', headers.location!, { body: large.bytes })
    assert.deepEqual([chunk.status, errorCode(chunk.body)], [507, 'UNAVAILABLE'])
    assert.equal((await client.ask('DELETE', headers.location!)).status, 204)
    assert.deepEqual(await filesIn(disk.dir), before, 'what was refused is left behind')

    await writeFile(path.join(disk.dir, 'filler'), Buffer.alloc(24 * mebibyte)).catch(() => undefined)
    const small = makeImage([blobOf(randomBytes(mebibyte))])
    assert.equal(await pushImage(client, repository, small, 'small'), 507)
    assert.ok(await pullsWhole(client, repository, kept, 'kept'))
    assert.equal((await client.ask('DELETE', `/v2/${repository}/manifests/kept`)).status, 202)
    assert.equal((await client.ask('DELETE', `/v2/${repository}/manifests/${kept.digest}`)).status, 202)
    assert.equal(
      (await client.ask('DELETE', `/v2/${repository}/blobs/${kept.blobs[1]!.digest}`)).status,
      404,
      'the manifest took its blobs along',
    )

    await rm(path.join(disk.dir, 'filler'))
    assert.equal(await pushImage(client, repository, small, 'small'), 201)
    assert.ok(await pullsWhole(client, repository, small, 'small'))
    assert.match(await health(client), /"registry","status":"healthy"/)
  })

  test('files lost with the power come back once a full disk has room, and pulls go on (F13, F18)', async () => {
    await using folder = await openFolder()
    await using disk = await openSmallDisk(path.join(folder.dir, 'disk'), 16)
    const image = makeImage([blobOf(randomBytes(30_000))])
    const start = (delay: string) =>
      startMarina({
        settings: {
          MARINA_DATA_DIR: folder.dir,
          MARINA_STORAGE_ROOT: disk.dir,
          MARINA_STORAGE_UNSYNCED_DELAY: delay,
        },
      })
    {
      await using killed = await start('1h')
      using client = openClient(killed.port)
      assert.equal(await pushImage(client, repository, image, 'small'), 201)
      await killed.kill()
    }
    const blobs = path.join(disk.dir, 'docker')
    for (const file of await filesIn(blobs)) await rm(file)
    await writeFile(path.join(disk.dir, 'filler'), Buffer.alloc(16 * mebibyte)).catch(() => undefined)

    await using marina = await start('0s')
    using client = openClient(marina.port)
    const sweeps = async () => /"sweeps","status":"(\w+)"/.exec(await health(client))?.[1]
    await until(async () => (await sweeps()) === 'unhealthy')
    assert.match(marina.said(), /files could not be synced, and their bytes stay in the database/)
    assert.ok(await pullsWhole(client, repository, image, 'small'))
    await rm(path.join(disk.dir, 'filler'))
    await until(async () => (await sweeps()) === 'healthy')
    assert.ok(await pullsWhole(client, repository, image, 'small'))
    assert.equal((await filesIn(blobs)).length, image.blobs.length)
  })

  test('a full disk under the database costs at most a restart, and nothing acknowledged is lost (F13)', async () => {
    await using folder = await openFolder()
    await using disk = await openSmallDisk(path.join(folder.dir, 'disk'), 300)
    const settings = { MARINA_DATA_DIR: disk.dir }
    const acknowledged: Image[] = []
    {
      await using marina = await startMarina({ settings })
      using client = openClient(marina.port)
      const push = async (size: number) => {
        const image = makeImage([blobOf(randomBytes(size))])
        const status = await pushImage(client, repository, image, `v${acknowledged.length}`)
        if (status === 201) acknowledged.push(image)
        return status
      }
      assert.equal(await push(100_000), 201)
      await writeFile(path.join(disk.dir, 'filler'), Buffer.alloc(300 * mebibyte)).catch(() => undefined)
      const refused = await push(100_000)
      assert.ok(refused === 503 || refused === 507, String(refused))
      // Small rows still fit into space that PostgreSQL has allocated; once they do not, it may have to restart.
      for (let tries = 0; tries < 20 && !marina.hasEnded(); tries++) await push(0).catch(onlyCut)
      // A PostgreSQL that had to end takes a moment to be back, or to take Marina along.
      const pulls = () => pullsWhole(client, repository, acknowledged[0]!, 'v0').catch(onlyCut)
      await until(async () => marina.hasEnded() || (await pulls()) === true)
      await rm(path.join(disk.dir, 'filler'))
      if (!marina.hasEnded()) await until(async () => (await push(100_000).catch(onlyCut)) === 201)
    }
    await using marina = await startMarina({ settings })
    using client = openClient(marina.port)
    for (const [number, image] of acknowledged.entries())
      assert.ok(await pullsWhole(client, repository, image, `v${number}`))
    assert.equal(await pushImage(client, repository, makeImage([blobOf(randomBytes(99))]), 'after'), 201)
  })

  test('300 connections where 128 handles are allowed end nothing, and do no lasting harm (F14)', async () => {
    await using folder = await openFolder()
    await using marina = await startMarina({ settings: { MARINA_DATA_DIR: folder.dir }, limits: 'ulimit -n 128' })
    using client = openClient(marina.port)
    const image = makeImage([blobOf(randomBytes(300_000))])
    assert.equal(await pushImage(client, repository, image, 'one'), 201)
    const sockets = await Promise.all(Array.from({ length: 300 }, () => openSocket(marina.port)))
    using late = openClient(marina.port)
    const during = await late.ask('GET', '/v2/', { timeoutMs: 1000 }).then(
      ({ status }) => status,
      (error: unknown) => error,
    )
    assert.ok(during === 503 || during === 200 || during instanceof Cut, String(during))
    assert.equal(marina.hasEnded(), false)
    for (const socket of sockets) socket.destroy()
    await until(async () => pullsWhole(client, repository, image, 'one').catch(() => false))
    assert.equal(await pushImage(client, repository, makeImage([blobOf(randomBytes(1000))]), 'two'), 201)
  })

  test('a missing storage folder gives 503, never "absent"; when it is back, all works again (F52)', async () => {
    await using folder = await openFolder()
    await using marina = await startMarina({ settings: { MARINA_DATA_DIR: folder.dir } })
    using client = openClient(marina.port)
    const image = makeImage([blobOf(randomBytes(300_000))])
    assert.equal(await pushImage(client, repository, image, 'one'), 201)
    const { headers } = await client.ask('POST', `/v2/${repository}/blobs/uploads/`, { body: Buffer.alloc(0) })
    assert.equal((await client.ask('PATCH', headers.location!, { body: Buffer.alloc(1000) })).status, 202)

    const [storage, away] = [path.join(folder.dir, 'storage'), path.join(folder.dir, 'away')]
    await rename(storage, away)
    const { digest } = image.blobs[1]!
    for (const [method, at, body] of [
      ['GET', `/v2/${repository}/blobs/${digest}`, undefined],
      ['HEAD', `/v2/${repository}/blobs/${digest}`, undefined],
      ['POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, image.blobs[1]!.bytes],
      ['PATCH', headers.location!, Buffer.alloc(1000)],
    ] as const) {
      const { status } = await client.ask(method, at, body ? { body } : {})
      assert.equal(status, 503, `${method} ${at}`)
    }
    assert.equal((await client.ask('GET', `/v2/${repository}/manifests/one`)).status, 200)
    assert.equal((await client.ask('GET', '/api/v2.0/health')).body.includes('unhealthy'), true)
    assert.equal(marina.hasEnded(), false)

    await rename(away, storage)
    assert.ok(await pullsWhole(client, repository, image, 'one'))
    const {
      status,
      headers: { range },
    } = await client.ask('GET', headers.location!)
    assert.deepEqual([status, range], [204, '0-999'])
  })

  test('a file in place of the storage folder fails only the uploads of that time (F52)', async () => {
    await using folder = await openFolder()
    await using marina = await startMarina({ settings: { MARINA_DATA_DIR: folder.dir, MARINA_LOG_LEVEL: 'warn' } })
    using client = openClient(marina.port)
    const stages = path.join(folder.dir, 'storage', '.stages')
    const uploads = Array.from({ length: 10 }, async () => {
      using own = openClient(marina.port)
      const blob = blobOf(randomBytes(4 * mebibyte))
      return (await own.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${blob.digest}`, { body: blob.bytes }))
        .status
    })
    await sleep(5)
    await rename(stages, `${stages}-away`)
    await writeFile(stages, '')
    for (const status of await Promise.all(uploads)) assert.ok(status === 201 || status === 503, String(status))
    // Until the first file is refused, small blobs are acknowledged with their bytes in the database alone.
    const kept: Image[] = []
    const pushNext = async () => {
      const image = makeImage([blobOf(randomBytes(99))])
      const status = await pushImage(client, repository, image, `early-${kept.length}`)
      if (status === 201) kept.push(image)
      return status
    }
    let status = 201
    while (status === 201 && kept.length < 500) status = await pushNext()
    assert.equal(status, 503)
    const allPull = async () => {
      for (const [index, image] of kept.entries())
        assert.ok(await pullsWhole(client, repository, image, `early-${index}`), `early-${index} is lost`)
    }
    await allPull()
    if (kept.length > 0) assert.match(marina.said(), /files of small blobs not written yet/)
    // A client that is still sending sees the answer as well.
    for (let time = 0; time < 10; time++) {
      using own = openClient(marina.port)
      const large = blobOf(randomBytes(16 * mebibyte))
      assert.equal(
        (await own.ask('POST', `/v2/${repository}/blobs/uploads/?digest=${large.digest}`, { body: large.bytes }))
          .status,
        503,
      )
    }
    await rm(stages)
    await mkdir(stages)
    await chmod(stages, 0o755)
    assert.equal(await pushImage(client, repository, makeImage([blobOf(randomBytes(99))]), 'again'), 201)
    await allPull()
    assert.equal(marina.hasEnded(), false)
  })
})

const health = async (client: Client) => (await client.ask('GET', '/api/v2.0/health')).body.toString()

/** A small file system in memory. Mounting it needs root. */
async function openSmallDisk(dir: string, megabytes: number): Promise<{ dir: string } & AsyncDisposable> {
  await mkdir(dir)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  } catch (error) {
    throw new Error(
      `this test needs a small disk: run it as root, or mount one with ` +
        `"sudo mount -t tmpfs -o size=${megabytes}m tmpfs ${dir}"`,
      { cause: error },
    )
  }
  return { dir, [Symbol.asyncDispose]: async () => void execFileSync('umount', ['-l', dir]) }
}

function onlyCut(error: unknown): undefined {
  if (!(error instanceof Cut)) throw error
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
}

function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket))
    socket.once('close', () => resolve(socket))
  })
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await sleep(100)) if (await isTrue()) return
  throw new Error('not within 20 s')
}
