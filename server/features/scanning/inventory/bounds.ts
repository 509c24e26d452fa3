/** How much of one image is read, whatever its author wrote; config/scanning.ts has the settings. */
export type Bounds = {
  /** Bytes of all layers and of the archives in them, unpacked. */
  unpackedBytes: number
  /** Entries of all layers and of the archives in them. */
  entries: number
  /** Folders within folders. */
  depth: number
  /** How many times its own size a layer may unpack to, beyond the first 16 MiB. */
  ratio: number
  /** Bytes of a file that is read whole, such as a list of packages. */
  fileBytes: number
  /** Bytes of a file that is read in parts: a database, a program, a Java archive. */
  largeFileBytes: number
  /** Packages of one image. */
  packages: number
}

/** The image is beyond a bound, or something in it cannot be read: no inventory is made of it. The text says what. */
export class InventoryRefused extends Error {
  override name = 'InventoryRefused'
}

/** A file that is not what its name says. Lists and databases of packages refuse the image; others are left out. */
export class Unreadable extends Error {
  override name = 'Unreadable'
}

/** What of the bounds is used up, for all layers of an image together. */
export type Budget = {
  readonly bounds: Bounds
  /** Counts unpacked bytes. Throws InventoryRefused beyond the bound. */
  unpack(bytes: number): void
  /** Counts one entry of an archive. Throws InventoryRefused beyond the bound. */
  enter(): void
  /** Counts packages. Throws InventoryRefused beyond the bound. */
  find(packages: number): void
  /** Counts what was read before, such as a layer that is known. */
  add(used: Used): void
  /** What was counted so far. */
  used(): Used
}
export type Used = { unpackedBytes: number; entries: number; packages: number }

const words = { unpackedBytes: 'bytes when it is unpacked', entries: 'files', packages: 'packages' }

/** `before`: what is used up already. */
export function openBudget(bounds: Bounds, before: Used = { unpackedBytes: 0, entries: 0, packages: 0 }): Budget {
  const used = { ...before }
  const add = (more: Partial<Used>) => {
    for (const key of ['unpackedBytes', 'entries', 'packages'] as const) {
      used[key] += more[key] ?? 0
      if (used[key] > bounds[key]) throw new InventoryRefused(`the image has more than ${bounds[key]} ${words[key]}`)
    }
  }
  return {
    bounds,
    unpack: (unpackedBytes) => add({ unpackedBytes }),
    enter: () => add({ entries: 1 }),
    find: (packages) => add({ packages }),
    add,
    used: () => ({ ...used }),
  }
}
