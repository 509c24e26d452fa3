import type { Header } from 'tar-stream'
import { InventoryRefused, Unreadable, type Budget } from './bounds.ts'
import type { RandomBytes } from './bytes.ts'
import type { Cataloger } from './catalogers/cataloger.ts'
import { catalogers } from './catalogers/list.ts'
import type { Component } from './component.ts'
import { openPaths } from './hashes.ts'
import type { LayerInventory } from './layer-inventory.ts'
import type { Sink, Spool } from './spool.ts'

/** Looks at the entries of a layer, one after the other. Its methods throw InventoryRefused beyond a bound. */
export type Catalog = {
  begin(header: Header): void
  write(chunk: Buffer): void
  end(): void
  close(): Omit<LayerInventory, 'used'>
}

/** How many bytes of a file say what it is. */
const headBytes = 16
const [whiteout, opaque] = ['.wh.', '.wh..wh..opq']
const fileTypes = ['file', 'contiguous-file']
/** The most notes of a layer, and the most characters of one. */
const most = { notes: 100, characters: 300 }

type File = { path: string; size: number; head: Buffer; wanted?: Cataloger[]; sink?: Sink }

export function openCatalog(budget: Budget, spool: Spool): Catalog {
  const paths = openPaths()
  const files = new Map<string, LayerInventory['files'][number]>()
  const removed: string[] = []
  const emptied: string[] = []
  const notes: string[] = []
  let file: File | undefined

  return {
    begin({ name, type, size, linkname }) {
      budget.enter()
      file = undefined
      const path = pathOf(name)
      if (path === undefined) return note(`${name} was left out: its path leads out of the image, or is too long`)
      if (path.split('/').length > budget.bounds.depth)
        throw new InventoryRefused(`the image has folders more than ${budget.bounds.depth} deep`)
      if (hides(path) || type === 'directory' || path === '') return
      paths.add(path)
      // Of two entries of one path the last counts.
      files.delete(path)
      if (type === 'link') follow(path, linkname)
      else if (fileTypes.includes(type ?? '')) file = { path, size: size ?? 0, head: Buffer.alloc(0) }
    },
    write(chunk) {
      if (!file) return
      if (file.wanted) return file.sink?.write(chunk)
      file.head = Buffer.concat([file.head, chunk])
      if (file.head.length >= headBytes) choose(file)
    },
    end() {
      if (!file) return
      if (!file.wanted) choose(file)
      if (file.sink) read(file, file.sink.done())
    },
    close: () => ({ files: [...files.values()], removed, emptied, notes, paths: paths.close() }),
  }

  /** Whether the entry only says what is gone of the layers below. */
  function hides(path: string): boolean {
    const slash = path.lastIndexOf('/')
    const [folder, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)]
    if (!name.startsWith(whiteout)) return false
    if (name === opaque) emptied.push(folder)
    // Other names that begin with the prefix twice are notes of aufs to itself.
    else if (!name.startsWith(whiteout + whiteout)) removed.push(path.slice(0, slash + 1) + name.slice(whiteout.length))
    return true
  }

  /** A hard link is the file that it names, which came before it in the same layer. */
  function follow(path: string, target: string | null | undefined): void {
    const known = files.get(pathOf(target ?? '') ?? '')
    if (known) files.set(path, { path, components: known.components })
  }

  function choose(one: File): void {
    const { path, size, head } = one
    const wanted = catalogers.filter(({ wants }) => wants(path, head.subarray(0, headBytes)))
    one.wanted = wanted
    if (wanted.length === 0) return
    const { fileBytes, largeFileBytes } = budget.bounds
    const limit = wanted.some(({ isLarge }) => isLarge) ? largeFileBytes : fileBytes
    if (size > limit) {
      const why = `${path} has more than ${limit} bytes`
      if (wanted.some(({ isList }) => isList)) throw new InventoryRefused(why)
      return note(`${why}, and was left out`)
    }
    one.sink = spool.begin(size, wanted.some(({ needsDisk }) => needsDisk) ? 'on disk' : 'anywhere')
    one.sink.write(head)
    one.head = Buffer.alloc(0)
  }

  function read({ path, wanted }: File, bytes: RandomBytes): void {
    const components = wanted!.flatMap((cataloger) => readBy(cataloger, path, bytes)).flatMap(bounded)
    // The system itself is no package.
    budget.find(components.filter(({ type }) => type !== 'os').length)
    if (components.length > 0) files.set(path, { path, components })
  }

  function readBy({ read: from, isList }: Cataloger, path: string, bytes: RandomBytes) {
    try {
      return from(path, bytes, budget)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      if (isList) throw new InventoryRefused(`${path} cannot be read: ${error.message}`)
      note(`${path} was left out: ${error.message}`)
      return []
    }
  }

  function note(text: string): void {
    if (notes.length < most.notes) notes.push(text.slice(0, most.characters).toWellFormed())
  }
}

/** Names of packages are no longer than file names, versions no longer than names. */
const isShort = (text = '') => text.length <= 512

/** A component with a long name is none; its other texts are cut. Nothing that an image holds makes a row grow. */
function bounded(one: Component): Component[] {
  const { license, qualifiers = {} } = one
  if (![one.name, one.namespace, one.version, one.source?.name, one.source?.version].every(isShort)) return []
  if (!Object.values(qualifiers).every(isShort)) return []
  return [{ ...one, ...(license === undefined ? {} : { license: license.slice(0, 512).toWellFormed() }) }]
}

/** Linux allows no longer paths (PATH_MAX). */
const pathLength = 4096

/** Without slashes at its ends and empty segments; undefined when it leads out of the image, or is too long. */
function pathOf(name: string): string | undefined {
  if (name.length > pathLength) return undefined
  const segments = name.split('/').filter((one) => one !== '' && one !== '.')
  return segments.includes('..') ? undefined : segments.join('/')
}
