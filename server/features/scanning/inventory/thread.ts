import type { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { openScratch } from '../../../platform/scratch.ts'
import { InventoryRefused, type Bounds, type Used } from './bounds.ts'
import { pathsFrom } from './hashes.ts'
import type { LayerInventory } from './layer-inventory.ts'
import type { FromWorker, ToWorker, WorkerGiven } from './worker.ts'

type InventoryThread = AsyncDisposable & {
  /**
   * Reads what a layer holds, and ends its source. `used`: what other layers of the image have used up. Throws
   * InventoryRefused for a layer that is beyond a bound or no archive, the source's own error, and the signal's reason;
   * the thread is of no use after any of them.
   */
  read(source: Readable, used: Used, signal: AbortSignal): Promise<LayerInventory>
}

/** How many chunks are on their way to the thread at once: it need not wait, and memory holds a few of them only. */
const window = 4

/** Starts a thread that reads layers. `memoryBytes`: the most that its objects may take in memory. */
export async function openInventoryThread(bounds: Bounds, memoryBytes: number): Promise<InventoryThread> {
  // For files that are too large for memory.
  const scratch = await openScratch('inventory')
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { bounds, folder: scratch.path } satisfies WorkerGiven,
    resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytes / 2 ** 20) },
  })
  worker.unref()
  let broken: Error | undefined
  let onMessage: (message: FromWorker) => void = () => {}
  let onBroken: (error: Error) => void = () => {}
  worker.on('message', (message: FromWorker) => onMessage(message))
  worker.on('error', (error) => {
    broken = nameMemory(error, memoryBytes)
    onBroken(broken)
  })
  worker.on('exit', () => onBroken((broken ??= new Error('the thread that reads layers ended'))))

  return {
    async read(source, used, signal) {
      signal.throwIfAborted()
      if (broken) throw broken
      const result = Promise.withResolvers<LayerInventory>()
      // Handled at once: it may be settled before somebody waits for it.
      result.promise.catch(() => {})
      const flow = openFlow()
      const settle = (end: () => void) => {
        flow.stop()
        end()
      }
      onBroken = (error) => settle(() => result.reject(error))
      onMessage = (message) => (message.kind === 'taken' ? flow.taken() : settle(() => conclude(message, result)))
      const abort = () => settle(() => result.reject(signal.reason as Error))
      signal.addEventListener('abort', abort, { once: true })
      try {
        worker.postMessage({ kind: 'layer', used } satisfies ToWorker)
        const fed = feed(source, flow, (message) => worker.postMessage(message))
        return await Promise.race([result.promise, fed.then(() => result.promise)])
      } finally {
        signal.removeEventListener('abort', abort)
        source.destroy()
      }
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate()
      await scratch[Symbol.asyncDispose]()
    },
  }
}

function conclude(
  message: Exclude<FromWorker, { kind: 'taken' }>,
  { resolve, reject }: { resolve(layer: LayerInventory): void; reject(error: Error): void },
): void {
  if (message.kind === 'read') resolve({ ...message.layer, paths: pathsFrom(Buffer.from(message.paths)) })
  else reject(message.kind === 'refused' ? new InventoryRefused(message.message) : new Error(message.message))
}

type Flow = { readonly isStopped: boolean; room(): Promise<void>; taken(): void; stop(): void }

/** Counts the chunks on their way, and waits while there are many. */
function openFlow(): Flow {
  let [underWay, isStopped] = [0, false]
  let wake = () => {}
  const isFull = () => underWay >= window && !isStopped
  return {
    get isStopped() {
      return isStopped
    },
    async room() {
      while (isFull()) await new Promise<void>((resolve) => (wake = resolve))
      underWay++
    },
    taken() {
      underWay--
      wake()
    },
    stop() {
      isStopped = true
      wake()
    },
  }
}

async function feed(source: Readable, flow: Flow, send: (message: ToWorker) => void): Promise<void> {
  try {
    for await (const bytes of source as AsyncIterable<Buffer>) {
      await flow.room()
      if (flow.isStopped) return
      send({ kind: 'chunk', bytes })
    }
    send({ kind: 'end' })
  } catch (error) {
    send({ kind: 'failed' })
    throw error
  }
}

function nameMemory(error: unknown, memoryBytes: number): Error {
  const isMemory = (error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY'
  return isMemory
    ? new InventoryRefused(`what the image holds takes more than ${memoryBytes} bytes of memory`)
    : (error as Error)
}
