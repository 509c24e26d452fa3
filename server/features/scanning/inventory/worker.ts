import { parentPort, workerData } from 'node:worker_threads'
import { InventoryRefused, openBudget, type Bounds, type Used } from './bounds.ts'
import { readLayer, SourceFailed } from './layer.ts'
import type { LayerInventory } from './layer-inventory.ts'
import { openSpool } from './spool.ts'

export type WorkerGiven = { bounds: Bounds; folder: string }
/** A layer begins; its bytes follow one chunk a message, then `end`, or `failed` when they cannot be had. */
export type ToWorker = { kind: 'layer'; used: Used } | { kind: 'chunk'; bytes: Uint8Array } | { kind: 'end' | 'failed' }
/** `taken`: a chunk was used up. The paths of an inventory are sent as their hashes. */
export type FromWorker =
  | { kind: 'taken' }
  | { kind: 'read'; layer: Omit<LayerInventory, 'paths'>; paths: Uint8Array }
  | { kind: 'refused' | 'broken' | 'unfed'; message: string }

/** Reads layers, one after the other, in a thread of its own: the process goes on, whatever a layer holds. */
const { bounds, folder } = workerData as WorkerGiven
const spool = openSpool(folder)
const tell = (message: FromWorker) => parentPort!.postMessage(message)

let arrived: ToWorker[] = []
let wake = () => {}

parentPort!.on('message', (message: ToWorker) => {
  if (message.kind === 'layer') {
    arrived = []
    void read(message.used)
  } else {
    arrived.push(message)
    wake()
  }
})

async function read(used: Used): Promise<void> {
  try {
    const { paths, ...layer } = await readLayer(chunks(), openBudget(bounds, used), spool)
    tell({ kind: 'read', layer, paths: paths.toBuffer() })
  } catch (error) {
    const kind = error instanceof InventoryRefused ? 'refused' : error instanceof SourceFailed ? 'unfed' : 'broken'
    tell({ kind, message: (error as Error).message })
  }
}

async function* chunks(): AsyncGenerator<Buffer> {
  for (;;) {
    const message = arrived.shift()
    if (message?.kind === 'chunk') {
      const { bytes } = message
      yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      tell({ kind: 'taken' })
    } else if (message?.kind === 'end') return
    else if (message) throw new SourceFailed('the bytes of the layer cannot be had')
    else await new Promise<void>((resolve) => (wake = resolve))
  }
}
