import { Readable } from 'node:stream'
import { BlobMissing, checkKey, type Blobs, type BlobInfo, type ByteRange, type Bytes, type Stage } from './blobs.ts'
import { digesting, inlineDigest, seenBy } from './digests.ts'
import { checkPrefix, checkStage, checkStageId, clampRange } from './keys.ts'

type Held = { bytes: Buffer; modifiedAt: Date; version: string }

/** Blobs in memory, for tests of other parts: keeps the promises of a real store while the process lives. */
export function openMemoryBlobs(): Blobs {
  const held = new Map<string, Held>()
  const stages = new Map<string, Held>()

  let writes = 0

  const hold = (bytes: Buffer): Held => ({ bytes, modifiedAt: new Date(), version: String(writes++) })

  function heldAt(key: string): Held {
    const found = held.get(checkKey(key))
    if (!found) throw new BlobMissing(key)
    return found
  }

  function stagedBytes({ id, size }: Stage): Buffer {
    const bytes = stages.get(id)?.bytes ?? Buffer.alloc(0)
    if (bytes.length < size) throw new BlobMissing(`stage ${id} (${bytes.length} of ${size} bytes are left)`)
    return bytes.subarray(0, size)
  }

  return {
    kind: 'memory',
    async find(key) {
      const found = held.get(checkKey(key))
      return found && infoOf(found)
    },
    async read(key, range) {
      const { bytes } = heldAt(key)
      return streamOf(range ? slice(bytes, range) : bytes)
    },
    async write(key, source, verify, algorithm) {
      checkKey(key)
      const digest = digesting(source, algorithm)
      const { bytes, cut } = await collect(digest.source)
      if (cut) throw cut.error
      verify?.(bytes.length, digest.hex())
      held.set(key, hold(bytes))
      return bytes.length
    },
    stage: (id) => ({ id: checkStageId(id), size: 0 }),
    async append(stage, source, digest) {
      const { id } = checkStage(stage)
      const before = stagedBytes(stage)
      const { bytes, cut } = await collect(seenBy(digest, source))
      stages.set(id, hold(Buffer.concat([before, bytes])))
      return { stage: { id, size: stage.size + bytes.length }, ...(cut && { cut: cut.error }) }
    },
    startDigest: inlineDigest,
    async readStage(stage) {
      return streamOf(stagedBytes(checkStage(stage)))
    },
    async commit(stage, key) {
      checkKey(key)
      held.set(key, hold(stagedBytes(checkStage(stage))))
      stages.delete(stage.id)
    },
    async discard(stage) {
      stages.delete(checkStage(stage).id)
    },
    async *listStages() {
      for (const [id, { bytes, modifiedAt }] of stages) yield { stage: { id, size: bytes.length }, modifiedAt }
    },
    async remove(key) {
      return held.delete(checkKey(key))
    },
    list(prefix) {
      return listHeld(held, checkPrefix(prefix))
    },
    async check() {},
    async close() {
      held.clear()
      stages.clear()
    },
  }
}

async function* listHeld(held: Map<string, Held>, prefix: string): AsyncGenerator<{ key: string } & BlobInfo> {
  for (const [key, found] of held) {
    if (prefix === '' || key === prefix || key.startsWith(`${prefix}/`)) yield { key, ...infoOf(found) }
  }
}

const infoOf = ({ bytes, modifiedAt, version }: Held): BlobInfo => ({ size: bytes.length, modifiedAt, version })

async function collect(source: Bytes): Promise<{ bytes: Buffer; cut?: { error: unknown } }> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of source) chunks.push(Uint8Array.from(chunk))
    return { bytes: Buffer.concat(chunks) }
  } catch (error) {
    return { bytes: Buffer.concat(chunks), cut: { error } }
  }
}

function slice(bytes: Buffer, range: ByteRange): Buffer {
  const { start, end } = clampRange(range, { size: bytes.length })
  return bytes.subarray(start, end + 1)
}

const streamOf = (bytes: Buffer) => Readable.from(bytes.length === 0 ? [] : [bytes])
