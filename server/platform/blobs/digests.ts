import { createHash, type Hash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { StorageUnavailable, type Algorithm, type Bytes, type RunningDigest } from './blobs.ts'
import type { Follow, Followed } from './digest-worker.ts'

/** Passes the bytes on, and after the last one has their digest in hex. */
export function digesting(source: Bytes, algorithm: Algorithm | undefined): { source: Bytes; hex(): string } {
  if (!algorithm) return { source, hex: () => '' }
  const hash = createHash(algorithm)
  const counted = async function* () {
    for await (const chunk of source) {
      hash.update(chunk)
      yield chunk
    }
  }
  return { source: counted(), hex: () => hash.digest('hex') }
}

/** Passes the bytes on; `digest` sees each chunk first. */
export function seenBy(digest: RunningDigest | undefined, source: Bytes): Bytes {
  if (!digest) return source
  return (async function* () {
    for await (const chunk of source) {
      digest.passing(chunk)
      yield chunk
    }
  })()
}

/** A digest that this thread computes, chunk by chunk. */
export function inlineDigest(algorithm: Algorithm): RunningDigest {
  const hash = createHash(algorithm)
  let size = 0
  return {
    algorithm,
    size: () => size,
    passing(chunk) {
      hash.update(chunk)
      size += chunk.length
    },
    written() {},
    async rest() {},
    finish: async () => hash.digest('hex'),
    drop() {},
  }
}

/** `size`: of the file, in bytes, where it is known: a large one is left to the thread from its first byte on. */
export type FileDigests = { start(algorithm: Algorithm, size?: number): RunningDigest; close(): Promise<void> }

/** Files up to this size are hashed chunk by chunk in this thread: waking another one would take longer. */
const inlineBytes = 4 * 2 ** 20

/**
 * Computes digests of files while they are written. Small ones are hashed chunk by chunk; larger ones by a thread that
 * reads, behind the writer, what the kernel still has in memory, so that receiving and hashing use two processors. For
 * 512 MiB over loopback hashing was the longest part of a PUT. Between two requests the thread keeps how far it came;
 * a thread that ended begins again at the file's first byte.
 */
export function openFileDigests(): FileDigests {
  const thread = openThread()
  return { start: (algorithm, size = 0) => startDigest(thread, algorithm, size), close: thread.close }
}

function startDigest(thread: Thread, algorithm: Algorithm, size: number): RunningDigest {
  const id = thread.newId()
  let inline: Hash | undefined = size > inlineBytes ? undefined : createHash(algorithm)
  let seen = 0
  let isFollowed = false
  const drop = () => {
    if (isFollowed) thread.drop(id)
    isFollowed = false
  }
  return {
    algorithm,
    size: () => seen,
    passing(chunk) {
      seen += chunk.length
      if (seen > inlineBytes) inline = undefined
      inline?.update(chunk)
    },
    written(fd, upto) {
      if (inline) return
      isFollowed = true
      thread.tell({ id, fd, algorithm, upto, answer: 'none' })
    },
    async rest(fd) {
      if (inline) return
      isFollowed = true
      await thread.ask({ id, fd, algorithm, upto: seen, answer: 'reached' }).catch(() => {
        drop()
        seen = -1
      })
    },
    async finish(fd = noFile) {
      if (inline) return inline.digest('hex')
      isFollowed = false
      return thread.ask({ id, fd, algorithm, upto: seen, answer: 'digest' })
    },
    drop,
  }
}

/** Stands for no open file: reading it fails. */
const noFile = -1

type Thread = {
  newId(): number
  tell(message: Follow): void
  /** Resolves with the digest, or '' when the message does not ask for it. */
  ask(message: Follow): Promise<string>
  drop(id: number): void
  close(): Promise<void>
}

/** The thread that hashes, which the first message starts. */
function openThread(): Thread {
  let worker: Worker | undefined
  let count = 0
  const waiting = new Map<number, { resolve(hex: string): void; reject(error: Error): void }>()

  const end = (cause?: unknown) => {
    worker = undefined
    for (const one of waiting.values()) one.reject(new StorageUnavailable('the thread that hashes ended', { cause }))
    waiting.clear()
  }
  const start = () => {
    const started = new Worker(new URL('./digest-worker.ts', import.meta.url))
    started.unref()
    started.on('message', (message: Followed) => {
      const one = waiting.get(message.id)
      waiting.delete(message.id)
      if ('hex' in message) one?.resolve(message.hex)
      else one?.reject(new StorageUnavailable(message.error))
    })
    started.on('error', end)
    return started
  }
  const tell = (message: Follow) => (worker ??= start()).postMessage(message)

  return {
    newId: () => count++,
    tell,
    ask: (message) =>
      new Promise((resolve, reject) => {
        waiting.set(message.id, { resolve, reject })
        tell(message)
      }),
    drop: (id) => worker?.postMessage({ id, isDropped: true } satisfies Follow),
    async close() {
      await worker?.terminate()
      end()
    },
  }
}
