import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openFaultProxy, type Fault, type FaultProxy } from '../../testing/fault-proxy.ts'
import { openS3Server, type S3Server } from '../../testing/s3.ts'
import { all, appendAll, blobsSuite, from, inChunks, keysOf, newKey, stagesOf, zeros } from './blobs.suite.ts'
import { StorageUnavailable, type Blobs } from './blobs.ts'
import type { S3Options } from './s3-client.ts'
import { planCopies } from './s3-stage.ts'
import { openS3Blobs } from './s3.ts'

const mebibyte = 1024 * 1024
const slowDown = '<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>'
const denied = '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'

blobsSuite('an S3 bucket', async () => {
  const server = await openS3Server()
  return { blobs: openStore(server, {}), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
})

describe('blobs in an S3 bucket', () => {
  let server: S3Server
  before(async () => void (server = await openS3Server()))
  after(() => server?.[Symbol.asyncDispose]())

  describe('behind a bad line', () => {
    let proxy: FaultProxy
    let blobs: Blobs
    let impatient: Blobs
    let direct: Blobs
    before(async () => {
      proxy = await openFaultProxy(server.endpoint)
      const limits = { attempts: 2, connectTimeoutMs: 1500, answerTimeoutMs: 1500, copyTimeoutMs: 1500 }
      blobs = openStore(server, { endpoint: proxy.endpoint, limits: { attempts: 2 } })
      impatient = openStore(server, { endpoint: proxy.endpoint, limits })
      direct = openStore(server, {})
    })
    after(async () => {
      await blobs.close()
      await impatient.close()
      await direct.close()
      await proxy[Symbol.asyncDispose]()
    })
    beforeEach(() => {
      proxy.fault = () => undefined
    })

    /** Short timeouts only for a server that does not answer: elsewhere a busy machine would exceed them. */
    const storeFor = (fault: Fault) => (fault === 'silence' || fault === 'stuck body' ? impatient : blobs)

    const faults: Fault[] = [
      { status: 500 },
      { status: 503, body: slowDown },
      { status: 403, body: denied },
      'reset',
      'silence',
    ]
    for (const fault of [...faults, { status: 404, body: '<html>no such site</html>' }]) {
      test(`F25: ${JSON.stringify(fault).slice(0, 16)} for every call makes each StorageUnavailable`, async () => {
        const [key, blobs] = [newKey(), storeFor(fault)]
        const stage = await appendAll(direct, direct.stage(randomUUID()), from([Buffer.from('x')]))
        await direct.write(key, from([Buffer.from('there')]))
        proxy.fault = () => fault
        const calls: (() => unknown)[] = [
          () => blobs.find(key),
          () => blobs.read(key),
          () => blobs.write(newKey(), from([Buffer.from('x')])),
          () => blobs.write(newKey(), zeros(9 * mebibyte)),
          () => blobs.readStage(stage),
          () => blobs.remove(key),
          () => keysOf(blobs, ''),
          () => keysOf(blobs, 'suite'),
          () => stagesOf(blobs),
          () => blobs.commit(stage, newKey()),
          () => blobs.discard(stage),
          () => blobs.check(),
        ]
        await Promise.all(calls.map((call) => assert.rejects(async () => call(), StorageUnavailable, String(call))))
        const appended = await blobs.append(blobs.stage(randomUUID()), from([Buffer.from('x')]))
        assert.ok(appended.cut instanceof StorageUnavailable)
        assert.equal(appended.stage.size, 0)

        proxy.fault = () => undefined
        assert.equal(String(await all(direct.read(key))), 'there')
        await direct.commit(stage, key)
        assert.equal(String(await all(direct.read(key))), 'x')
      })
    }

    for (const fault of faults.filter((each) => !isDenied(each))) {
      test(`one ${JSON.stringify(fault).slice(0, 16)} is overcome by a retry`, async () => {
        const [key, blobs] = [newKey(), storeFor(fault)]
        proxy.fault = firstOnly(fault)
        await blobs.write(key, from([Buffer.from('bytes')]))
        proxy.fault = firstOnly(fault)
        assert.equal((await blobs.find(key))?.size, 5)
        proxy.fault = firstOnly(fault)
        assert.equal(String(await all(blobs.read(key))), 'bytes')
      })
    }

    for (const fault of ['cut body', 'stuck body'] as const) {
      test(`a ${fault} is an error for the reader, not an early end`, async () => {
        const [key, blobs] = [newKey(), storeFor(fault)]
        await direct.write(key, zeros(3 * mebibyte))
        proxy.fault = () => fault
        let received = 0
        await assert.rejects(async () => {
          for await (const chunk of await blobs.read(key)) received += (chunk as Buffer).length
        }, StorageUnavailable)
        assert.ok(received < 3 * mebibyte)
      })

      test(`a ${fault} within a stage is an error for its reader and for an append that needs it`, async () => {
        const blobs = storeFor(fault)
        const stage = await appendAll(direct, direct.stage(randomUUID()), zeros(mebibyte))
        proxy.fault = (request) => (request.method === 'GET' ? fault : undefined)
        await assert.rejects(all(blobs.readStage(stage)), StorageUnavailable)
        const appended = await blobs.append(stage, from([Buffer.from('x')])).catch((cut: unknown) => ({ cut, stage }))
        assert.ok(appended.cut instanceof StorageUnavailable)
        assert.deepEqual(appended.stage, stage)
        await direct.discard(stage)
      })
    }

    test('a slow reader does not count as a silent server', async () => {
      const key = newKey()
      await direct.write(key, zeros(3 * mebibyte))
      const stream = await impatient.read(key)
      await once(stream, 'readable')
      await sleep(2500)
      assert.equal((await all(Promise.resolve(stream))).length, 3 * mebibyte)
    })

    for (const where of ['the completion of a large write', 'a small write', 'a commit'] as const) {
      test(`when the answer to ${where} is lost, the retry finds it done`, async () => {
        const key = newKey()
        const stage = await appendAll(blobs, blobs.stage(randomUUID()), from([Buffer.from('staged')]))
        const isIt = {
          'the completion of a large write': (method?: string, url = '') =>
            method === 'POST' && url.includes('uploadId='),
          'a small write': (method?: string) => method === 'PUT',
          'a commit': (method?: string) => method === 'PUT',
        }[where]
        let lost = 0
        proxy.fault = ({ method, url }) => (isIt(method, url) && lost++ === 0 ? 'answer lost' : undefined)
        if (where === 'a commit') await blobs.commit(stage, key)
        else await blobs.write(key, zeros(where === 'a small write' ? 6 : 9 * mebibyte))
        assert.ok(lost >= 1)
        assert.equal((await blobs.find(key))?.size, where === 'the completion of a large write' ? 9 * mebibyte : 6)
      })
    }

    test('a large write that fails half way is not visible; its remains are listed and can be discarded', async () => {
      const key = newKey()
      proxy.fault = ({ url = '', method }) =>
        url.includes('partNumber=2') || method === 'DELETE' ? { status: 500 } : undefined
      await assert.rejects(blobs.write(key, zeros(20 * mebibyte)), StorageUnavailable)
      assert.equal(await direct.find(key), undefined)

      const left = await stagesOf(direct)
      assert.ok(left.some(({ stage }) => JSON.stringify(stage.state ?? '').includes(key)))
      for (const { stage } of left) await direct.discard(stage)
      assert.deepEqual(await stagesOf(direct), [])
    })

    test('an append that fails half way leaves the stage as it was, and can be repeated', async () => {
      const [key, bytes] = [newKey(), randomBytes(20 * mebibyte)]
      const stage = await appendAll(blobs, blobs.stage(randomUUID()), from([bytes.subarray(0, 100)]))
      proxy.fault = ({ url = '' }) => (url.includes('partNumber=2') ? { status: 503 } : undefined)
      const broken = await blobs.append(stage, inChunks(bytes.subarray(100)))
      assert.ok(broken.cut instanceof StorageUnavailable)
      assert.deepEqual(broken.stage, stage)
      proxy.fault = () => undefined
      await blobs.commit(await appendAll(blobs, broken.stage, inChunks(bytes.subarray(100))), key)
      assert.ok((await all(blobs.read(key))).equals(bytes))
    })

    test('a commit that fails can be repeated', async () => {
      const key = newKey()
      const stage = await appendAll(blobs, blobs.stage(randomUUID()), from([Buffer.from('patient')]))
      proxy.fault = ({ method }) => (method === 'PUT' ? { status: 503 } : undefined)
      await assert.rejects(blobs.commit(stage, key), StorageUnavailable)
      proxy.fault = () => undefined
      assert.equal(await blobs.find(key), undefined)
      await blobs.commit(stage, key)
      assert.equal(String(await all(blobs.read(key))), 'patient')
    })
  })

  test('a wrong secret is StorageUnavailable, not "absent"', async () => {
    const blobs = openStore(server, { secretAccessKey: 'wrong' })
    await assert.rejects(blobs.find(newKey()), StorageUnavailable)
    await assert.rejects(blobs.read(newKey()), StorageUnavailable)
    await assert.rejects(blobs.check(), StorageUnavailable)
  })

  test('a missing bucket is StorageUnavailable, not "absent"', async () => {
    const blobs = openStore(server, { bucket: 'nowhere' })
    await assert.rejects(blobs.find(newKey()), StorageUnavailable)
    await assert.rejects(blobs.read(newKey()), StorageUnavailable)
    await assert.rejects(blobs.remove(newKey()), StorageUnavailable)
    await assert.rejects(keysOf(blobs, ''), StorageUnavailable)
    await assert.rejects(blobs.check(), StorageUnavailable)
  })

  test('a port without a server is StorageUnavailable', async () => {
    const blobs = openStore(server, { endpoint: 'http://127.0.0.1:1', limits: { attempts: 2 } })
    await assert.rejects(blobs.find(newKey()), StorageUnavailable)
  })

  test('stores with different prefixes in one bucket do not see each other', async () => {
    const [one, two, key] = [openStore(server, { prefix: 'one' }), openStore(server, { prefix: 'two words' }), newKey()]
    await one.write(key, from([Buffer.from('1')]))
    assert.equal(await two.find(key), undefined)
    const stage = await appendAll(two, two.stage(randomUUID()), from([Buffer.from('2')]))
    assert.equal((await stagesOf(one)).length, 0)
    await two.commit(stage, key)
    assert.equal(String(await all(one.read(key))), '1')
    assert.deepEqual(await keysOf(two, ''), [key])
  })

  test('a signed URL allows any client to read that key, and no other', async () => {
    const [blobs, key] = [openStore(server, { redirect: true }), newKey()]
    await blobs.write(key, from([Buffer.from('for you')]))
    const url = await blobs.presign?.(key, 60_000)
    assert.ok(url)
    assert.equal(await (await fetch(url)).text(), 'for you')
    assert.equal((await fetch(url.replace(key, newKey()))).status, 403)
    assert.ok(!(await fetch(url.split('?')[0] ?? '')).ok)
  })

  test('without redirect there are no signed URLs', () => {
    assert.ok(!('presign' in openStore(server, { redirect: false })))
  })

  test('a stage that is too large for one copy is copied in ranges', async () => {
    const blobs = openStore(server, { prefix: 'large', limits: { copyBytes: 7 * mebibyte } })
    const [key, bytes] = [newKey(), randomBytes(18 * mebibyte + 5)]
    let stage = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(bytes.subarray(0, 17 * mebibyte)))
    stage = await appendAll(blobs, stage, inChunks(bytes.subarray(17 * mebibyte)))
    await blobs.commit(stage, key)
    assert.ok((await all(blobs.read(key))).equals(bytes))
    assert.deepEqual(await stagesOf(blobs), [])
  })

  test('many small appends leave at most two objects', async () => {
    const blobs = openStore(server, { prefix: 'small' })
    let stage = blobs.stage(randomUUID())
    for (let n = 0; n < 12; n++) stage = await appendAll(blobs, stage, from([Buffer.from(`${n},`)]))
    const [left] = await stagesOf(blobs)
    assert.ok(left && left.stage.size <= 2 * stage.size, 'replaced segments stay')
    assert.equal(String(await all(blobs.readStage(stage))), '0,1,2,3,4,5,6,7,8,9,10,11,')
    await blobs.discard(stage)
  })

  test('a stage that does not know its segments, or names foreign ones, is a TypeError', async () => {
    const blobs = openStore(server, {})
    const id = randomUUID()
    for (const state of [
      undefined,
      {},
      { segments: [], spent: [] },
      { segments: [{ name: '../x', size: 5 }], spent: [] },
    ]) {
      await assert.rejects(blobs.append({ id, size: 5, state }, from([])), TypeError)
      await assert.rejects(blobs.commit({ id, size: 5, state }, newKey()), TypeError)
    }
  })

  test('parts below 5 MiB are refused at the start', () => {
    assert.throws(() => openStore(server, { partSize: mebibyte }), TypeError)
  })
})

describe('copies of segments', () => {
  test('cover every byte once, within the limit, and none but the last is below 5 MiB', () => {
    const limit = 5 * 1024 ** 3
    for (const size of [1, limit - 1, limit, limit + 1, 2 * limit + 3, 100 * limit - 1]) {
      const copies = planCopies([{ name: 'a', size }], limit)
      let at = 0
      for (const { range = { start: 0, end: size - 1 } } of copies) {
        assert.equal(range.start, at)
        assert.ok(range.end - range.start < limit)
        at = range.end + 1
        if (at < size) assert.ok(range.end - range.start + 1 >= 5 * mebibyte)
      }
      assert.equal(at, size)
    }
  })
})

function openStore(server: S3Server, options: Partial<S3Options>): Blobs {
  const { endpoint, region, accessKeyId, secretAccessKey, bucket } = server
  const access = { endpoint, region, accessKeyId, secretAccessKey, bucket }
  return openS3Blobs({ ...access, forcePathStyle: true, redirect: true, ...options })
}

/** The fault for the first request only. */
function firstOnly(fault: Fault): () => Fault | undefined {
  let met = 0
  return () => (met++ === 0 ? fault : undefined)
}

function isDenied(fault: Fault): boolean {
  return typeof fault === 'object' && 'status' in fault && fault.status === 403
}
