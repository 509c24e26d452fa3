import { createHash, type Hash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { StorageUnavailable, type Bytes } from './blobs.ts'
import type { Follow, Followed } from './digest-worker.ts'

export type Algorithm = 'sha256' | 'sha512'

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

/** Computes the digest of one file while it is written from its start. */
export type FileDigest = {
  /** To be called with each chunk, in order, before it is written. */
  passing(chunk: Uint8Array): void
  /** To be called when the kernel has the first `upto` bytes. */
  written(upto: number): void
  /** The digest in hex, once all `size` bytes are written. */
  finish(size: number): Promise<string>
  /** Stops; does nothing after `finish`. */
  drop(): void
}

export type FileDigests = { follow(fd: number, algorithm: Algorithm): FileDigest; close(): Promise<void> }

/** Files up to this size are hashed chunk by chunk in this thread: waking another one would take longer. */
const inlineBytes = 4 * 2 ** 20

/**
 * Computes digests of files while they are written. Small ones are hashed chunk by chunk; larger ones by a thread that
 * reads, behind the writer, what the kernel still has in memory, so that receiving and hashing use two processors. For
 * 512 MiB over loopback hashing was the longest part of a PUT.
 */
export function openFileDigests(): FileDigests {
  let worker: Worker | undefined
  let count = 0
  const waiting = new Map<number, { resolve(hex: string): void; reject(error: Error): void }>()

  const thread = () => {
    if (worker) return worker
    worker = new Worker(new URL('./digest-worker.ts', import.meta.url))
    worker.unref()
    worker.on('message', (message: Followed) => {
      const one = waiting.get(message.id)
      waiting.delete(message.id)
      if ('hex' in message) one?.resolve(message.hex)
      else one?.reject(new StorageUnavailable(message.error))
    })
    worker.on('error', (error) => {
      worker = undefined
      for (const one of waiting.values())
        one.reject(new StorageUnavailable('the thread that hashes ended', { cause: error }))
      waiting.clear()
    })
    return worker
  }
  const tell = (message: Follow) => thread().postMessage(message)

  return {
    follow(fd, algorithm) {
      const id = count++
      let inline: Hash | undefined = createHash(algorithm)
      let seen = 0
      let isFollowed = false
      return {
        passing(chunk) {
          seen += chunk.length
          if (seen > inlineBytes) inline = undefined
          inline?.update(chunk)
        },
        written(upto) {
          if (inline) return
          isFollowed = true
          tell({ id, fd, algorithm, upto, isLast: false })
        },
        finish(size) {
          if (inline) return Promise.resolve(inline.digest('hex'))
          return new Promise((resolve, reject) => {
            waiting.set(id, { resolve, reject })
            isFollowed = false
            tell({ id, fd, algorithm, upto: size, isLast: true })
          })
        },
        drop() {
          if (isFollowed) tell({ id, isDropped: true })
          isFollowed = false
        },
      }
    },
    async close() {
      await worker?.terminate()
      worker = undefined
    },
  }
}
