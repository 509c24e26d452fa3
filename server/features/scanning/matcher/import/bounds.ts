import type { Budget } from '../../inventory/bounds.ts'

/** How much of a database of vulnerabilities is read, whatever is in it; config/vulndb.ts has the settings. */
export type ImportBounds = {
  /** Bytes of all files together, unpacked. */
  unpackedBytes: number
  /** Bytes of one file. */
  fileBytes: number
  /** Files of all archives together. */
  files: number
}

/** The source cannot be imported, however often that is tried. The text says why, for people. */
export class ImportRefused extends Error {
  override name = 'ImportRefused'
}

/** What of the bounds is used up. Both throw ImportRefused. */
export type ImportBudget = Pick<Budget, 'enter' | 'unpack'> & { readonly fileBytes: number }

export function openImportBudget({ unpackedBytes, fileBytes, files }: ImportBounds): ImportBudget {
  const used = { bytes: 0, files: 0 }
  return {
    fileBytes,
    enter() {
      if (++used.files > files) throw new ImportRefused(`the source has more than ${files} files (MARINA_VULNDB_FILES)`)
    },
    unpack(bytes) {
      used.bytes += bytes
      if (used.bytes > unpackedBytes)
        throw new ImportRefused(`the source unpacks to more than ${unpackedBytes} bytes (MARINA_VULNDB_UNPACKED)`)
    },
  }
}
