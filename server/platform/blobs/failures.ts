import { StorageFull, StorageUnavailable } from './blobs.ts'

/** Waits for one step on the disk; its system errors become errors of the interface. */
export async function onDisk<T>(what: string, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (error) {
    throw diskFailure(what, error)
  }
}

/**
 * A system error (disk full or broken, no handles or rights) becomes StorageUnavailable; other errors pass unchanged.
 */
export function diskFailure(what: string, error: unknown): unknown {
  const code = codeOf(error)
  if (code === undefined) return error
  const Kind = code === 'ENOSPC' || code === 'EDQUOT' ? StorageFull : StorageUnavailable
  return new Kind(`${what}: ${(error as Error).message}`, { cause: error })
}

/** ENOENT and ENOTDIR mean that the key is absent; every other system error says nothing about the key. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** The errno name of a system error, undefined for every other error: those with a `syscall` come from the kernel. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined
}

/** Codes of a refused hard link: its place is taken, or the file system has no hard links, or no more of them. */
export const linkRefusals: ReadonlySet<string> = new Set([
  'EEXIST',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EMLINK',
])
