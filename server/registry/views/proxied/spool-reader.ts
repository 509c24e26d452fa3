import { freeNow } from '../../../platform/blobs/chunk.ts'
import { blockBytes, type Block } from './blocks.ts'
import { readable, type State } from './spool-state.ts'

/** The most bytes that a reader takes at once who cannot hold a block, or is far behind; less in a crowd. */
const readBytes = { atEase: 256 * 1024, inCrowd: 64 * 1024, readersAtEase: 8 }

const readBytesOf = ({ users }: State) => (users <= readBytes.readersAtEase ? readBytes.atEase : readBytes.inCrowd)

/** Gives bytes to `send` as they arrive: from the blocks in memory, or from the file where these are gone. */
export async function follow(state: State, start: number, end: number, send: (bytes: Buffer) => Promise<void>) {
  /** Of this reader alone, for what it cannot hold; made when it is needed. */
  let own: Buffer | undefined
  for (let at = start; at <= end;) {
    const upto = Math.min(end + 1, readable(state))
    if (at >= upto) {
      if (state.ended && !state.ended.isRight) throw state.ended.error
      await state.grown.next()
      continue
    }
    const block = blockAt(state, at)
    const isHeld = block !== undefined && state.pool.hold(block)
    try {
      const bytes = isHeld
        ? block.bytes.subarray(at - block.start, Math.min(block.filled, upto - block.start))
        : await copySome(state, block, (own ??= Buffer.allocUnsafeSlow(readBytesOf(state))), at, upto)
      await send(bytes)
      at += bytes.length
    } finally {
      if (isHeld) state.pool.release(block)
    }
  }
  if (own) freeNow(own)
}

/** The block in memory that has byte `at`. */
function blockAt({ blocks }: State, at: number): Block | undefined {
  const [first] = blocks
  return first && at >= first.start ? blocks[Math.floor((at - first.start) / blockBytes)] : undefined
}

/** Copies from a block, or from the file, which has all that is in no block any more. */
async function copySome({ handle }: State, block: Block | undefined, own: Buffer, at: number, upto: number) {
  const wanted = Math.min(own.length, upto - at)
  if (block) {
    const count = block.bytes.copy(own, 0, at - block.start, Math.min(block.filled, at - block.start + wanted))
    return own.subarray(0, count)
  }
  const { bytesRead } = await handle.read(own, 0, wanted, at)
  if (bytesRead === 0) throw new Error('the file of a download is shorter than what was written to it')
  return own.subarray(0, bytesRead)
}
