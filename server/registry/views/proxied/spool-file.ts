import { constants } from 'node:fs'
import { copyFile, open, unlink, type FileHandle } from 'node:fs/promises'
import type { RunningDigest } from '../../../platform/blobs/blobs.ts'
import { blockBytes } from './blocks.ts'

/**
 * A new file for a blob of `size` bytes, `arrived` of which it has. `before`: a file with the first bytes of the blob,
 * which are copied and hashed; undefined for none.
 */
export async function openSpoolFile(
  file: string,
  size: number,
  { digest, before }: { digest: RunningDigest; before: string | undefined },
): Promise<{ handle: FileHandle; arrived: number }> {
  if (before === undefined || !(await isCopied(before, file)))
    return { handle: await open(file, 'wx+', 0o600), arrived: 0 }
  const handle = await open(file, 'r+')
  try {
    return { handle, arrived: await takeOver(handle, size, digest) }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** False, and no file, where there is nothing to copy, or no room for it. */
async function isCopied(before: string, file: string): Promise<boolean> {
  try {
    await copyFile(before, file, constants.COPYFILE_EXCL)
    return true
  } catch {
    await unlink(file).catch(() => undefined)
    return false
  }
}

/** Hashes what the file has. Returns how many bytes that are. */
async function takeOver(handle: FileHandle, size: number, digest: RunningDigest): Promise<number> {
  await handle.truncate(Math.min(size, (await handle.stat()).size))
  const bytes = Buffer.allocUnsafeSlow(blockBytes)
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, at)
    if (bytesRead === 0) return at
    digest.passing(bytes.subarray(0, bytesRead))
    at += bytesRead
  }
}
