import { createHash, type Hash } from 'node:crypto'
import { readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'

/**
 * `upto`: the file has this many bytes. `answer`: whether to answer when they are read, with the digest of all bytes
 * (`digest`, which is the last message) or with '' (`reached`).
 */
export type Follow =
  | { id: number; fd: number; algorithm: string; upto: number; answer: 'none' | 'reached' | 'digest' }
  | { id: number; isDropped: true }
export type Followed = { id: number; hex: string } | { id: number; error: string }

/**
 * Hashes files while they are being written, while the kernel still has the bytes in memory. One thread for all
 * uploads.
 */
const buffer = Buffer.allocUnsafeSlow(512 * 1024)
const files = new Map<number, { hash: Hash; at: number }>()

parentPort!.on('message', (message: Follow) => {
  if ('isDropped' in message) return void files.delete(message.id)
  const { id, fd, algorithm, upto, answer } = message
  try {
    const file = files.get(id) ?? { hash: createHash(algorithm), at: 0 }
    files.set(id, file)
    while (file.at < upto) {
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, upto - file.at), file.at)
      if (count === 0) throw new Error(`a file being written ended ${upto - file.at} bytes early`)
      file.hash.update(buffer.subarray(0, count))
      file.at += count
    }
    if (answer === 'none') return
    if (answer === 'digest') files.delete(id)
    parentPort!.postMessage({ id, hex: answer === 'digest' ? file.hash.digest('hex') : '' } satisfies Followed)
  } catch (error) {
    files.delete(id)
    parentPort!.postMessage({ id, error: error instanceof Error ? error.message : String(error) } satisfies Followed)
  }
})
