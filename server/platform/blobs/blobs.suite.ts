import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BlobMissing, type Blobs, type Bytes, type Stage } from './blobs.ts'

type Opened = { blobs: Blobs; [Symbol.asyncDispose]?: () => PromiseLike<void> }

const mebibyte = 1024 * 1024

/** The tests that every driver must pass. */
export function blobsSuite(name: string, open: () => Promise<Opened>): void {
  describe(`blobs in ${name}`, () => {
    let opened: Opened
    let blobs: Blobs

    before(async () => {
      opened = await open()
      blobs = opened.blobs
    })
    after(async () => {
      await blobs?.close()
      await opened?.[Symbol.asyncDispose]?.()
    })

    describe('written in one go', () => {
      test('the bytes that were written are read back', async () => {
        const [key, bytes] = [newKey(), randomBytes(300_000)]
        assert.equal(await blobs.write(key, inChunks(bytes, 7001)), bytes.length)
        assert.deepEqual(await all(blobs.read(key)), bytes)
      })

      test('an empty blob is a blob', async () => {
        const key = newKey()
        assert.equal(await blobs.write(key, inChunks(Buffer.alloc(0))), 0)
        assert.equal((await blobs.find(key))?.size, 0)
        assert.deepEqual(await all(blobs.read(key)), Buffer.alloc(0))
      })

      test('empty chunks between others change nothing', async () => {
        const key = newKey()
        const chunks = [Buffer.alloc(0), Buffer.from('ab'), Buffer.alloc(0), Buffer.from('c'), Buffer.alloc(0)]
        assert.equal(await blobs.write(key, from(chunks)), 3)
        assert.equal(String(await all(blobs.read(key))), 'abc')
      })

      test('thousands of tiny chunks keep their order', async () => {
        const [key, bytes] = [newKey(), randomBytes(20_000)]
        await blobs.write(key, inChunks(bytes, 3))
        assert.deepEqual(await all(blobs.read(key)), bytes)
      })

      test('find returns the size and a time close to now', async () => {
        const key = newKey()
        await blobs.write(key, inChunks(Buffer.from('12345')))
        const found = await blobs.find(key)
        assert.equal(found?.size, 5)
        assert.ok(Math.abs(found.modifiedAt.getTime() - Date.now()) < 60_000)
      })

      test('reads do not change the version, and a write under the same key does', async () => {
        const key = newKey()
        const versionOf = async () => (await blobs.find(key))?.version
        await blobs.write(key, inChunks(Buffer.from('first')))
        const first = await versionOf()
        await all(blobs.read(key))
        assert.equal(await versionOf(), first)
        await blobs.write(key, inChunks(Buffer.from('other')))
        assert.notEqual(await versionOf(), first)
      })

      test('writing an existing key replaces its bytes', async () => {
        const key = newKey()
        await blobs.write(key, inChunks(Buffer.from('a longer first version')))
        await blobs.write(key, inChunks(Buffer.from('second')))
        assert.equal(String(await all(blobs.read(key))), 'second')
        assert.equal((await blobs.find(key))?.size, 6)
      })

      test('a verify that throws leaves nothing behind', async () => {
        const [key, stagesBefore] = [newKey(), await countStages(blobs)]
        const refuse = (size: number) => {
          throw new Error(`refused ${size} bytes`)
        }
        await assert.rejects(blobs.write(key, inChunks(Buffer.from('abc')), refuse), { message: 'refused 3 bytes' })
        assert.equal(await blobs.find(key), undefined)
        assert.deepEqual(await keysOf(blobs, key), [])
        assert.equal(await countStages(blobs), stagesBefore)
      })

      test('a verify that throws leaves the earlier bytes as they were', async () => {
        const key = newKey()
        await blobs.write(key, inChunks(Buffer.from('first')))
        const refuse = () => {
          throw new Error('refused')
        }
        await assert.rejects(blobs.write(key, inChunks(Buffer.from('second')), refuse), { message: 'refused' })
        assert.equal(String(await all(blobs.read(key))), 'first')
      })

      test('a large write that is refused leaves nothing behind', async () => {
        const [key, stagesBefore] = [newKey(), await countStages(blobs)]
        const refuse = () => {
          throw new Error('refused')
        }
        await assert.rejects(blobs.write(key, zeros(18 * mebibyte), refuse), { message: 'refused' })
        assert.equal(await blobs.find(key), undefined)
        assert.equal(await countStages(blobs), stagesBefore)
      })

      test('a source that fails leaves nothing under the key, and its error is passed on', async () => {
        const [key, stagesBefore] = [newKey(), await countStages(blobs)]
        await assert.rejects(blobs.write(key, cutAfter(randomBytes(3 * mebibyte))), { message: 'the line was cut' })
        assert.equal(await blobs.find(key), undefined)
        await assert.rejects(blobs.read(key), BlobMissing)
        assert.equal(await countStages(blobs), stagesBefore)
      })

      test('nothing is visible under the key before the last byte', async () => {
        const key = newKey()
        const seen: unknown[] = []
        async function* slow() {
          yield randomBytes(9 * mebibyte)
          seen.push(await blobs.find(key), await keysOf(blobs, key))
          yield Buffer.from('end')
        }
        await blobs.write(key, slow(), () => void seen.push('verified'))
        assert.deepEqual(seen, [undefined, [], 'verified'])
        assert.equal((await blobs.find(key))?.size, 9 * mebibyte + 3)
      })

      test('twenty writers of one key all succeed and leave one whole blob', async () => {
        const [key, bytes] = [newKey(), randomBytes(200_000)]
        const sizes = await Promise.all(Array.from({ length: 20 }, () => blobs.write(key, inChunks(bytes, 50_000))))
        assert.deepEqual(new Set(sizes), new Set([bytes.length]))
        assert.deepEqual(await all(blobs.read(key)), bytes)
        assert.deepEqual(await keysOf(blobs, key), [key])
      })

      test('a reader gets one whole version while writers replace it', async () => {
        const key = newKey()
        const versions = [Buffer.alloc(2 * mebibyte, 'a'), Buffer.alloc(2 * mebibyte, 'b')] as const
        await blobs.write(key, inChunks(versions[0]))
        const replacing = (async () => {
          for (let round = 0; round < 6; round++) await blobs.write(key, inChunks(versions[round % 2 === 0 ? 1 : 0]))
        })()
        for (let round = 0; round < 6; round++) {
          const bytes = await all(blobs.read(key))
          assert.ok(
            versions.some((version) => version.equals(bytes)),
            'a mixture or a part was read',
          )
        }
        await replacing
      })

      test('64 MiB are written within a bounded buffer', async () => {
        const [key, hash] = [newKey(), createHash('sha256')]
        const size = 64 * mebibyte
        const held = { now: 0, most: 0 }
        await blobs.write(key, watched(size, hash, held))
        if (blobs.kind !== 'memory') assert.ok(held.most < 32 * mebibyte, `${held.most} bytes were held at once`)
        const back = createHash('sha256')
        for await (const chunk of await blobs.read(key)) back.update(chunk as Buffer)
        assert.equal(back.digest('hex'), hash.digest('hex'))
      })
    })

    describe('read', () => {
      const key = newKey()
      const bytes = randomBytes(700_001)
      before(() => blobs.write(key, inChunks(bytes)))

      for (const [start, end, what] of [
        [0, 0, 'the first byte'],
        [700_000, 700_000, 'the last byte'],
        [1, 699_999, 'all but both ends'],
        [0, 700_000, 'all of it'],
        [262_143, 262_145, 'bytes around a buffer border'],
      ] as const) {
        test(`a range returns ${what}`, async () => {
          assert.deepEqual(await all(blobs.read(key, { start, end })), bytes.subarray(start, end + 1))
        })
      }

      test('a range that reaches beyond the end stops there', async () => {
        assert.deepEqual(await all(blobs.read(key, { start: 700_000, end: 900_000 })), bytes.subarray(700_000))
      })

      test('a range wholly beyond the end is a RangeError', async () => {
        await assert.rejects(blobs.read(key, { start: 700_001, end: 700_002 }), RangeError)
      })

      test('numbers that are not a range are a RangeError', async () => {
        for (const range of [
          { start: -1, end: 2 },
          { start: 3, end: 2 },
          { start: 0.5, end: 2 },
          { start: 0, end: NaN },
        ]) {
          await assert.rejects(blobs.read(key, range), RangeError)
        }
      })

      test('a reader may stop early', async () => {
        for (let round = 0; round < 20; round++) {
          const stream = await blobs.read(key)
          for await (const chunk of stream) {
            assert.ok((chunk as Buffer).length > 0)
            break
          }
          assert.ok(stream.destroyed)
        }
        assert.deepEqual(await all(blobs.read(key)), bytes)
      })

      test('a missing key is BlobMissing before any byte, with its name', async () => {
        const missing = newKey()
        await assert.rejects(blobs.read(missing), (error) => error instanceof BlobMissing && error.key === missing)
        await assert.rejects(blobs.read(missing, { start: 0, end: 1 }), BlobMissing)
        assert.equal(await blobs.find(missing), undefined)
      })

      test('a folder of keys is not a key', async () => {
        const folder = key.slice(0, key.lastIndexOf('/'))
        assert.equal(await blobs.find(folder), undefined)
        await assert.rejects(blobs.read(folder), BlobMissing)
      })
    })

    describe('in stages', () => {
      test('appends of all sizes are joined in order', async () => {
        const [key, parts] = [
          newKey(),
          [10, 6 * mebibyte, 1, 300_000, 5 * mebibyte, 20].map((size) => randomBytes(size)),
        ]
        let stage = blobs.stage(randomUUID())
        for (const part of parts) stage = await appendAll(blobs, stage, inChunks(part))
        assert.equal(stage.size, Buffer.concat(parts).length)
        assert.equal(await blobs.find(key), undefined)
        await blobs.commit(stage, key)
        assert.deepEqual(sha256(await all(blobs.read(key))), sha256(Buffer.concat(parts)))
      })

      test('a stage survives being kept as JSON', async () => {
        const key = newKey()
        let stage = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('one ')))
        stage = await appendAll(blobs, JSON.parse(JSON.stringify(stage)) as Stage, inChunks(Buffer.from('two')))
        await blobs.commit(JSON.parse(JSON.stringify(stage)) as Stage, key)
        assert.equal(String(await all(blobs.read(key))), 'one two')
      })

      test('an empty stage becomes an empty blob', async () => {
        const key = newKey()
        await blobs.commit(blobs.stage(randomUUID()), key)
        assert.equal((await blobs.find(key))?.size, 0)
      })

      test('an append of nothing changes nothing', async () => {
        const key = newKey()
        const stage = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('x')))
        const same = await appendAll(blobs, stage, from([]))
        assert.equal(same.size, 1)
        await blobs.commit(same, key)
        assert.equal(String(await all(blobs.read(key))), 'x')
      })

      test('bytes that arrived before the source failed are kept, and the next append continues there', async () => {
        const [key, bytes] = [newKey(), randomBytes(2 * mebibyte)]
        const cut = await blobs.append(blobs.stage(randomUUID()), cutAfter(bytes.subarray(0, mebibyte + 17)))
        assert.equal((cut.cut as Error).message, 'the line was cut')
        assert.equal(cut.stage.size, mebibyte + 17)
        const stage = await appendAll(blobs, cut.stage, inChunks(bytes.subarray(mebibyte + 17)))
        await blobs.commit(stage, key)
        assert.deepEqual(await all(blobs.read(key)), bytes)
      })

      test('when the source of a large append fails late, the bytes that arrived are kept', async () => {
        const [key, bytes] = [newKey(), randomBytes(18 * mebibyte)]
        const cut = await blobs.append(blobs.stage(randomUUID()), cutAfter(bytes.subarray(0, -9)))
        assert.equal((cut.cut as Error).message, 'the line was cut')
        assert.equal(cut.stage.size, bytes.length - 9)
        await blobs.commit(await appendAll(blobs, cut.stage, inChunks(bytes.subarray(-9))), key)
        assert.equal(sha256(await all(blobs.read(key))), sha256(bytes))
      })

      test('bytes of an append that was never recorded are dropped', async () => {
        const key = newKey()
        const recorded = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('kept ')))
        await appendAll(blobs, recorded, inChunks(Buffer.from('forgotten by a crash')))
        const next = await appendAll(blobs, recorded, inChunks(Buffer.from('new')))
        assert.equal(String(await all(blobs.readStage(next))), 'kept new')
        await blobs.commit(next, key)
        assert.equal(String(await all(blobs.read(key))), 'kept new')
      })

      test('unrecorded bytes are not committed either', async () => {
        const key = newKey()
        const recorded = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('kept')))
        await appendAll(blobs, recorded, inChunks(Buffer.from('forgotten')))
        await blobs.commit(recorded, key)
        assert.equal(String(await all(blobs.read(key))), 'kept')
        assert.equal(await holdsStage(blobs, recorded), false)
      })

      test('the bytes of a stage can be read back before it ends', async () => {
        let stage = blobs.stage(randomUUID())
        assert.equal((await all(blobs.readStage(stage))).length, 0)
        stage = await appendAll(blobs, stage, inChunks(Buffer.from('half ')))
        stage = await appendAll(blobs, stage, inChunks(Buffer.from('way')))
        assert.equal(String(await all(blobs.readStage(stage))), 'half way')
        await blobs.discard(stage)
      })

      test('a commit over an existing key replaces it', async () => {
        const key = newKey()
        await blobs.write(key, inChunks(Buffer.from('before')))
        await blobs.commit(await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('after'))), key)
        assert.equal(String(await all(blobs.read(key))), 'after')
      })

      test('a stage does not exist after its commit', async () => {
        const [first, second] = [newKey(), newKey()]
        const stage = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('once')))
        await blobs.commit(stage, first)
        await assert.rejects(blobs.commit(stage, second), BlobMissing)
        assert.equal(await blobs.find(second), undefined)
        assert.equal(String(await all(blobs.read(first))), 'once')
      })

      for (const algorithm of ['sha256', 'sha512'] as const) {
        test(`${algorithm}: a digest goes on with each append, small or large, also after a cut`, async () => {
          const bytes = randomBytes(9 * mebibyte)
          const ends = [10, 10, 3 * mebibyte, 5 * mebibyte, 5 * mebibyte + 1, bytes.length]
          const digest = blobs.startDigest(algorithm)
          let stage = blobs.stage(randomUUID())
          for (const [n, end] of ends.entries()) {
            const part = bytes.subarray(stage.size, end)
            const appended = await blobs.append(stage, n % 2 === 0 ? inChunks(part) : cutAfter(part), digest)
            stage = appended.stage
            assert.equal(stage.size, end)
            assert.equal(digest.size(), end)
          }
          assert.equal(await digest.finish(), createHash(algorithm).update(bytes).digest('hex'))
          await blobs.discard(stage)
        })
      }

      test('digests of many stages at once are not mixed up, and dropped ones disturb no other', async () => {
        const one = async (n: number) => {
          const bytes = Buffer.alloc(6 * mebibyte, n)
          const digest = blobs.startDigest('sha256')
          const first = await blobs.append(blobs.stage(randomUUID()), inChunks(bytes.subarray(0, -n - 1)), digest)
          if (n % 3 === 0) digest.drop()
          else await blobs.append(first.stage, inChunks(bytes.subarray(-n - 1)), digest)
          if (n % 3 !== 0) assert.equal(await digest.finish(), sha256(bytes))
          await blobs.discard(first.stage)
        }
        await Promise.all(Array.from({ length: 8 }, (_, n) => one(n)))
      })

      test('discarding is idempotent, and an append afterwards is BlobMissing', async () => {
        const stage = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('unwanted')))
        await blobs.discard(stage)
        await blobs.discard(stage)
        assert.equal(await holdsStage(blobs, stage), false)
        await assert.rejects(blobs.commit(stage, newKey()), BlobMissing)
        await assert.rejects(all(blobs.readStage(stage)), BlobMissing)
      })

      test('stages that hold bytes are listed, and a listed stage can be discarded', async () => {
        const stage = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('left over')))
        const found = (await stagesOf(blobs)).find((each) => each.stage.id === stage.id)
        assert.ok(found, 'the stage is not listed')
        assert.ok(Math.abs(found.modifiedAt.getTime() - Date.now()) < 60_000)
        await blobs.discard(found.stage)
        assert.equal(await holdsStage(blobs, stage), false)
      })

      test('stages are not listed as keys', async () => {
        const stage = await appendAll(blobs, blobs.stage(randomUUID()), inChunks(Buffer.from('hidden')))
        assert.ok(!(await keysOf(blobs, '')).some((key) => key.includes(stage.id)))
        await blobs.discard(stage)
      })
    })

    describe('removed and listed', () => {
      test('remove returns whether the key existed', async () => {
        const key = newKey()
        await blobs.write(key, inChunks(Buffer.from('x')))
        assert.equal(await blobs.remove(key), true)
        assert.equal(await blobs.find(key), undefined)
        assert.equal(await blobs.remove(key), false)
        await assert.rejects(blobs.read(key), BlobMissing)
      })

      test('a removed key can be written again', async () => {
        const key = newKey()
        await blobs.write(key, inChunks(Buffer.from('x')))
        await blobs.remove(key)
        await blobs.write(key, inChunks(Buffer.from('y')))
        assert.equal(String(await all(blobs.read(key))), 'y')
      })

      test('removing one key keeps its neighbours', async () => {
        const folder = newKey()
        await blobs.write(`${folder}/a`, inChunks(Buffer.from('a')))
        await blobs.write(`${folder}/b`, inChunks(Buffer.from('b')))
        await blobs.remove(`${folder}/a`)
        assert.deepEqual(await keysOf(blobs, folder), [`${folder}/b`])
      })

      test('neighbouring keys can be written and removed at the same time', async () => {
        const folder = newKey()
        const rounds = Array.from({ length: 12 }, async (_, n) => {
          const key = `${folder}/d${n % 3}/k${n}`
          for (let round = 0; round < 5; round++) {
            await blobs.write(key, inChunks(Buffer.from(key)))
            assert.equal(String(await all(blobs.read(key))), key)
            assert.equal(await blobs.remove(key), true)
          }
        })
        await Promise.all(rounds)
        assert.deepEqual(await keysOf(blobs, folder), [])
      })

      test('list returns only keys below whole segments, with size and time', async () => {
        const folder = newKey()
        const keys = [`${folder}/ab/1/data`, `${folder}/ab/2/data`, `${folder}/abc/3/data`]
        for (const key of keys) await blobs.write(key, inChunks(Buffer.from(key)))
        assert.deepEqual(await keysOf(blobs, `${folder}/ab`), keys.slice(0, 2))
        assert.deepEqual(await keysOf(blobs, `${folder}/ab/`), keys.slice(0, 2))
        assert.deepEqual(await keysOf(blobs, folder), keys)
        assert.deepEqual(await keysOf(blobs, `${folder}/nothing`), [])
        const everything = await keysOf(blobs, '')
        assert.ok(keys.every((key) => everything.includes(key)))
        for await (const found of blobs.list(folder)) {
          assert.equal(found.size, found.key.length)
          assert.ok(Math.abs(found.modifiedAt.getTime() - Date.now()) < 60_000)
        }
      })
    })

    describe('given invalid keys', () => {
      const spellings = [
        '', '/', '.', '..', '../x', 'a/..', 'a/../b', 'a/./b', 'a//b', '/a', 'a/', './a', '.hidden', 'a/.b',
        '..\\x', 'a\\..\\b',
        '%2e%2e/x', 'a/%2e%2e/b', 'a\0b', 'a\nb', 'a b', 'ä', 'a/\u2025/b', 'c:x', '.stages/x', 'x'.repeat(513),
      ] // prettier-ignore

      for (const key of spellings) {
        test(`${JSON.stringify(key.slice(0, 20))} is a TypeError for every method and touches nothing`, async () => {
          const stage = blobs.stage(randomUUID())
          const calls: (() => unknown)[] = [
            () => blobs.find(key),
            () => blobs.read(key),
            () => blobs.write(key, from([Buffer.from('x')])),
            () => blobs.commit(stage, key),
            () => blobs.remove(key),
          ]
          if (blobs.presign) calls.push(() => blobs.presign?.(key, 1000))
          for (const call of calls) await assert.rejects(async () => call(), TypeError)
        })
      }

      test('a prefix outside of the store is a TypeError', async () => {
        for (const prefix of ['..', '../', '/', '/a', 'a/../b', 'a//b', '.stages', 'a\\b', 'a*']) {
          await assert.rejects(keysOf(blobs, prefix), TypeError, prefix)
        }
      })

      test('a stage whose id is not a UUID is a TypeError', async () => {
        for (const id of [
          '',
          '..',
          '../../etc/passwd',
          'x'.repeat(36),
          `${randomUUID()}/..`,
          randomUUID().toUpperCase(),
        ]) {
          assert.throws(() => blobs.stage(id), TypeError)
          const stage = { id, size: 0 }
          await assert.rejects(async () => blobs.append(stage, from([])), TypeError)
          await assert.rejects(async () => blobs.readStage(stage), TypeError)
          await assert.rejects(async () => blobs.commit(stage, newKey()), TypeError)
          await assert.rejects(async () => blobs.discard(stage), TypeError)
        }
      })
    })

    test('the check of a store that works resolves', async () => {
      const stagesBefore = await countStages(blobs)
      await blobs.check()
      assert.equal(await countStages(blobs), stagesBefore)
    })
  })
}

/** A new key of the form that the registry uses. */
export function newKey(): string {
  const hex = randomBytes(32).toString('hex')
  return `suite/sha256/${hex.slice(0, 2)}/${hex}/data`
}

export async function* inChunks(bytes: Buffer, size = 65_536): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function* from(chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

/** A source that fails after these bytes. */
async function* cutAfter(bytes: Buffer): AsyncGenerator<Buffer> {
  yield* inChunks(bytes)
  throw new Error('the line was cut')
}

export async function* zeros(size: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0; left -= mebibyte) yield Buffer.alloc(Math.min(left, mebibyte))
}

export async function all(stream: Promise<AsyncIterable<unknown>>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of await stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Appends, and throws unless all bytes were taken. */
export async function appendAll(blobs: Blobs, stage: Stage, source: Bytes): Promise<Stage> {
  const { stage: next, cut } = await blobs.append(stage, source)
  if (cut) throw cut as Error
  return next
}

export async function keysOf(blobs: Blobs, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of blobs.list(prefix)) keys.push(key)
  return keys.sort()
}

export async function stagesOf(blobs: Blobs): Promise<{ stage: Stage; modifiedAt: Date }[]> {
  const found: { stage: Stage; modifiedAt: Date }[] = []
  for await (const each of blobs.listStages()) found.push(each)
  return found
}

const countStages = async (blobs: Blobs) => (await stagesOf(blobs)).length
const holdsStage = async (blobs: Blobs, { id }: Stage) => (await stagesOf(blobs)).some(({ stage }) => stage.id === id)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/**
 * Chunks whose garbage collection is noticed: `held.most` is how many bytes the store held at once. A pause of one tick
 * and a garbage collection every 4 MiB make the count exact.
 */
async function* watched(size: number, hash: ReturnType<typeof createHash>, held: { now: number; most: number }) {
  const collectGarbage = garbageCollector()
  const registry = new FinalizationRegistry<number>((length) => (held.now -= length))
  for (let left = size; left > 0; left -= mebibyte) {
    const chunk = randomBytes(mebibyte)
    hash.update(chunk)
    registry.register(chunk, chunk.length)
    held.now += chunk.length
    yield chunk
    if (left % (4 * mebibyte) === 0) {
      collectGarbage()
      await sleep(1)
      held.most = Math.max(held.most, held.now)
    }
  }
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
