import type { FileHandle } from 'node:fs/promises'
import type { RunningDigest } from '../../../platform/blobs/blobs.ts'
import type { Block, Blocks } from './blocks.ts'

/** How many of the last bytes nobody gets before the digest of all is known to be right. */
export const heldBackBytes = 64 * 1024

/** What a spool knows of its bytes. */
export type State = {
  size: number
  /** Bytes that came, and those of them that the file has. */
  arrived: number
  written: number
  ended: { isRight: true } | { isRight: false; error: unknown } | undefined
  grown: ReturnType<typeof openSignal>
  handle: FileHandle
  /** The owner and the readers; the last one closes the file. */
  users: number
  pool: Blocks
  digest: RunningDigest
  /** The newest blocks, and older ones that the file does not have yet; all but the last one are full. */
  blocks: Block[]
  /** Writes one batch after the other while there is enough to write. */
  writing: Promise<void> | undefined
  timer: NodeJS.Timeout | undefined
  /** The bytes of which readers were told, and the timer that tells them of more. */
  told: { digest: number; readers: number }
  waking: NodeJS.Timeout | undefined
}

type New = Pick<State, 'size' | 'arrived' | 'handle' | 'pool' | 'digest'>

export const newState = (given: New): State => ({
  ...given,
  written: given.arrived,
  ended: undefined,
  grown: openSignal(),
  users: 1,
  told: { digest: 0, readers: given.arrived },
  blocks: [],
  writing: undefined,
  timer: undefined,
  waking: undefined,
})

/** How many bytes may be sent: the last ones wait for the digest. */
export const readable = ({ ended, arrived, size }: State): number =>
  ended?.isRight ? size : Math.min(arrived, Math.max(0, size - heldBackBytes))

/** Wakes all that wait. */
function openSignal() {
  let waiting = Promise.withResolvers<void>()
  return {
    next: () => waiting.promise,
    send() {
      waiting.resolve()
      waiting = Promise.withResolvers()
    },
  }
}
