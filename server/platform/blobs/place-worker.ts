import { linkSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { linkRefusals } from './failures.ts'

/** Files to be placed. `bytes` are those of all files, one after the other, `size` bytes each. */
export type Placing = { id: number; bytes: Uint8Array; files: { from: string; to: string; size: number }[] }
/** An error of the file system, as it passes from one thread to the other. */
export type Refusal = { code: string; syscall: string; message: string }
/** For each file whether it was placed, or the error of the disk. */
export type Placed = { id: number; results: (boolean | Refusal)[] }

/** Writes small files for the thread that serves requests: each call of the file system would cost that a wake-up. */
parentPort!.on('message', ({ id, bytes, files }: Placing) => {
  let at = 0
  const results = files.map(({ from, to, size }) => {
    const own = bytes.subarray(at, at + size)
    at += size
    try {
      return place(from, to, own)
    } catch (error) {
      const { code = '', syscall = '', message } = error as NodeJS.ErrnoException
      return { code, syscall, message }
    }
  })
  parentPort!.postMessage({ id, results } satisfies Placed)
})

/** As Places.place: the file gets its place as a second name, and never replaces another one. */
function place(from: string, to: string, bytes: Uint8Array): boolean {
  try {
    writeFileSync(from, bytes, { flag: 'wx', mode: 0o644 })
    return linkWithin(from, to)
  } finally {
    try {
      unlinkSync(from)
    } catch {
      // Otherwise listStages reports it later.
    }
  }
}

/** The folder is made before, and again when a removal of a neighbour deletes it as empty meanwhile. */
function linkWithin(from: string, to: string): boolean {
  for (let attempt = 1; ; attempt++) {
    mkdirSync(dirname(to), { recursive: true })
    try {
      linkSync(from, to)
      return true
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? ''
      if (linkRefusals.has(code)) return false
      if (code !== 'ENOENT' || attempt === 20) throw error
    }
  }
}
