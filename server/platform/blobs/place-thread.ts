import { Worker } from 'node:worker_threads'
import { StorageUnavailable } from './blobs.ts'
import type { Placed, Placing, Refusal } from './place-worker.ts'

/** A small file that is to be placed: written as `from`, then named `to`, unless that is taken. */
type SmallFile = { from: string; to: string; bytes: Buffer }

/** The thread ends when it had nothing to do for this long, in ms: it takes a few MB. */
const idleMs = 10_000

export type PlaceThread = {
  /**
   * Writes the files. Resolves with one result for each, in their order: true when the file was placed, false when its
   * path was taken, or the error of the disk.
   */
  place(files: SmallFile[]): Promise<(boolean | NodeJS.ErrnoException)[]>
  close(): Promise<void>
}

type Results = Placed['results']

/** A thread that writes many small files, which the first call starts. */
export function openPlaceThread(): PlaceThread {
  let worker: Worker | undefined
  let count = 0
  let idle: NodeJS.Timeout | undefined
  const waiting = new Map<number, { resolve(results: Results): void; reject(error: Error): void }>()

  const end = (cause?: unknown) => {
    worker = undefined
    for (const one of waiting.values())
      one.reject(new StorageUnavailable('the thread that writes small files ended', { cause }))
    waiting.clear()
  }
  const start = () => {
    const started = new Worker(new URL('./place-worker.ts', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
    })
    started.unref()
    started.on('message', ({ id, results }: Placed) => {
      waiting.get(id)?.resolve(results)
      waiting.delete(id)
    })
    started.on('error', end)
    return started
  }
  const stop = async () => {
    const running = worker
    worker = undefined
    await running?.terminate()
  }

  return {
    async place(files) {
      clearTimeout(idle)
      const { promise, resolve, reject } = Promise.withResolvers<Results>()
      const message = { id: count++, ...packed(files) }
      waiting.set(message.id, { resolve, reject })
      ;(worker ??= start()).postMessage(message, [message.bytes.buffer])
      try {
        return (await promise).map((one) => (typeof one === 'boolean' ? one : failure(one)))
      } finally {
        if (waiting.size === 0) idle = setTimeout(() => void stop(), idleMs).unref()
      }
    },
    async close() {
      clearTimeout(idle)
      await stop()
      end()
    },
  }
}

/** The bytes of all files in one memory of its own, which the other thread takes over. */
function packed(files: SmallFile[]): { bytes: Buffer<ArrayBuffer>; files: Placing['files'] } {
  const bytes = Buffer.allocUnsafeSlow(files.reduce((sum, one) => sum + one.bytes.length, 0))
  let at = 0
  for (const one of files) at += one.bytes.copy(bytes, at)
  return { bytes, files: files.map(({ from, to, bytes: { length: size } }) => ({ from, to, size })) }
}

const failure = ({ message, ...rest }: Refusal): NodeJS.ErrnoException => Object.assign(new Error(message), rest)
