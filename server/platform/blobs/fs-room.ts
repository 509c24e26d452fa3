import { statfs } from 'node:fs/promises'
import { StorageFull } from './blobs.ts'

/** Knows whether the disk was found full. */
export type Room = {
  /** Remembers an error that says so; any other is nothing to it. */
  note(error: unknown): Promise<void>
  /** Throws StorageFull until somebody has made room. */
  check(): Promise<void>
}

/** Room that somebody made: this much more, in bytes, or this share of the disk. Less comes and goes by itself. */
const madeBytes = 64 * 2 ** 20
const madeShare = 0.05

export function openRoom(root: string): Room {
  let wanted: number | undefined
  const look = async () => {
    const { bavail, blocks, bsize } = await statfs(root)
    return { free: bavail * bsize, total: blocks * bsize }
  }
  return {
    async note(error) {
      if (!(error instanceof StorageFull)) return
      const { free, total } = await look()
      wanted = free + Math.min(madeBytes, total * madeShare)
    },
    async check() {
      if (wanted === undefined) return
      if ((await look()).free < wanted) throw new StorageFull('there was no room for what was to be stored')
      wanted = undefined
    },
  }
}
