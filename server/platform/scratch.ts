import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for files that are of use only for a while; disposing removes it with them. */
type Scratch = AsyncDisposable & { readonly path: string }

/** The folders of this process that are in use. */
const inUse = new Set<string>()

/**
 * Makes a folder `marina-<kind>-<pid>-<uuid>` below the system's folder for temporary files (`TMPDIR`), for this user
 * alone. Folders of the same kind that killed processes have left are removed first.
 */
export async function openScratch(kind: string): Promise<Scratch> {
  const prefix = `marina-${kind}-`
  const path = join(tmpdir(), `${prefix}${process.pid}-${randomUUID()}`)
  inUse.add(path)
  await mkdir(path, { mode: 0o700 })
  for (const name of await readdir(tmpdir())) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? []
    const isLeft = pid !== undefined && !inUse.has(join(tmpdir(), name)) && !isAlive(Number(pid))
    if (isLeft) await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true })
      inUse.delete(path)
    },
  }
}

/** This process knows its own folders: any other of its number is that of a process before it, as in a container. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}
