/** A piece of a stream in memory. It is used again once nobody reads it. */
export type Block = {
  bytes: Buffer
  /** The place of its first byte in the stream. */
  start: number
  filled: number
  /** Readers that are sending it. */
  users: number
  /** It is one of the newest; later it goes back as soon as its last reader has sent it. */
  isKept: boolean
}

/**
 * Blocks that downloads share. The chunks of a socket are copied into them: chunks that were kept themselves would
 * outlive two collections of V8's young generation, and make it collect its whole heap every 40 MB.
 */
export interface Blocks {
  /** An empty block for the bytes from `start` on; smaller than usual for a stream that ends sooner. */
  take(start: number, most: number): Block
  /** The block is none of the newest any more. */
  drop(block: Block): void
  /** Keeps a block for a reader; false where so many readers hold some that this one should copy. */
  hold(block: Block): boolean
  release(block: Block): void
}

export const blockBytes = 512 * 1024

/** The most unused blocks that are kept, 8 MiB in all. */
const mostFree = 16

/** The most readers that hold blocks at a time: a client that does not read would hold its block for ever. */
const mostHeld = 64

export function openBlocks(): Blocks {
  const free: Buffer[] = []
  let held = 0
  const giveBack = (block: Block) => {
    if (block.isKept || block.users > 0) return
    if (block.bytes.length === blockBytes && free.length < mostFree) free.push(block.bytes)
  }
  return {
    take(start, most) {
      const bytes =
        most < blockBytes ? Buffer.allocUnsafeSlow(most) : (free.pop() ?? Buffer.allocUnsafeSlow(blockBytes))
      return { bytes, start, filled: 0, users: 0, isKept: true }
    },
    drop(block) {
      block.isKept = false
      giveBack(block)
    },
    hold(block) {
      if (held >= mostHeld) return false
      held++
      block.users++
      return true
    },
    release(block) {
      held--
      block.users--
      giveBack(block)
    },
  }
}
