import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { LRUCache } from 'lru-cache'

/** One file of the build; sizes in bytes. */
type BuiltFile = { type: string; etag: string; bytes: number; gzipBytes: number; brotliBytes: number }

/** A build of the portal, as portal/build.ts describes it in manifest.json. */
export type Build = {
  hash: string
  scriptHash: string
  files: Readonly<Record<string, BuiltFile>>
  /** The bytes of a file of `files`, in one of the forms in which the build holds it. */
  read(name: string, encoding: Encoding): Promise<Buffer>
}

export type Encoding = 'br' | 'gzip' | 'identity'

const endings: Record<Encoding, string> = { br: '.br', gzip: '.gz', identity: '' }
/** Bytes that stay in memory; the whole portal is about as big, compressed. */
const memoryBytes = 512 * 1024

/** Opens the build that `current` in the folder names; undefined when there is none. */
export async function openBuild(folder: string): Promise<Build | undefined> {
  const hash = await readFile(path.join(folder, 'current'), 'utf8').catch(absent)
  if (hash === undefined || !/^[0-9a-f]+$/.test(hash)) return undefined
  const manifest = await readFile(path.join(folder, hash, 'manifest.json'), 'utf8').catch(absent)
  if (manifest === undefined) return undefined
  const { scriptHash, files } = JSON.parse(manifest) as Pick<Build, 'scriptHash' | 'files'>
  const memory = new LRUCache<string, Buffer>({ maxSize: memoryBytes, sizeCalculation: (bytes) => bytes.length + 1 })
  return {
    hash,
    scriptHash,
    files,
    async read(name, encoding) {
      const file = `${name}${endings[encoding]}`
      const known = memory.get(file)
      if (known) return known
      const bytes = await readFile(path.join(folder, hash, file))
      memory.set(file, bytes)
      return bytes
    },
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
