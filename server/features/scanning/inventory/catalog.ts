import type { Header } from 'tar-stream'
import { InventoryRefused, type Budget } from './bounds.ts'
import { openFileReading, type FileReading } from './file-reading.ts'
import { openPaths } from './hashes.ts'
import type { LayerInventory } from './layer-inventory.ts'
import type { Spool } from './spool.ts'

/** Looks at the entries of a layer, one after the other. Its methods throw InventoryRefused beyond a bound. */
export type Catalog = {
  begin(header: Header): void
  write(chunk: Buffer): void
  end(): void
  close(): Omit<LayerInventory, 'used'>
}

const fileTypes = ['file', 'contiguous-file']
/** The most notes of a layer, and the most characters of one. */
const most = { notes: 100, characters: 300 }

export function openCatalog(budget: Budget, spool: Spool): Catalog {
  const paths = openPaths()
  const files = new Map<string, LayerInventory['files'][number]>()
  const hidden = openHidden()
  const notes: string[] = []
  let file: { path: string; reading: FileReading } | undefined
  const note = (text: string) => {
    if (notes.length < most.notes) notes.push(text.slice(0, most.characters).toWellFormed())
  }

  return {
    begin({ name, type, size, linkname }) {
      budget.enter()
      file = undefined
      const path = pathOf(name)
      if (path === undefined) return note(`${name} was left out: its path leads out of the image, or is too long`)
      if (path.split('/').length > budget.bounds.depth)
        throw new InventoryRefused(`the image has folders more than ${budget.bounds.depth} deep`)
      if (hidden.takes(path) || type === 'directory' || path === '') return
      paths.add(path)
      // Of two entries of one path the last counts.
      files.delete(path)
      // A hard link is the file that it names, which came before it in the same layer.
      const known = type === 'link' ? files.get(pathOf(linkname ?? '') ?? '') : undefined
      if (known) files.set(path, { path, components: known.components })
      if (fileTypes.includes(type ?? ''))
        file = { path, reading: openFileReading({ budget, spool, note }, path, size ?? 0) }
    },
    write: (chunk) => file?.reading.write(chunk),
    end() {
      if (!file) return
      const components = file.reading.end()
      if (components.length > 0) files.set(file.path, { path: file.path, components })
    },
    close: () => ({ files: [...files.values()], ...hidden.close(), notes, paths: paths.close() }),
  }
}

const [whiteout, opaque] = ['.wh.', '.wh..wh..opq']

/** Gathers the entries that only say what is gone of the layers below (OCI Image Layer Specification, "Whiteouts"). */
function openHidden() {
  const removed: string[] = []
  const emptied: string[] = []
  return {
    /** Whether the entry is such a one. */
    takes(path: string): boolean {
      const slash = path.lastIndexOf('/')
      const [folder, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)]
      if (!name.startsWith(whiteout)) return false
      if (name === opaque) emptied.push(folder)
      // Other names that begin with the prefix twice are notes of aufs to itself.
      else if (!name.startsWith(whiteout + whiteout))
        removed.push(path.slice(0, slash + 1) + name.slice(whiteout.length))
      return true
    },
    close: () => ({ removed, emptied }),
  }
}

/** Linux allows no longer paths (PATH_MAX). */
const pathLength = 4096

/** Without slashes at its ends and empty segments; undefined when it leads out of the image, or is too long. */
function pathOf(name: string): string | undefined {
  if (name.length > pathLength) return undefined
  const segments = name.split('/').filter((one) => one !== '' && one !== '.')
  return segments.includes('..') ? undefined : segments.join('/')
}
