import type { Budget } from '../bounds.ts'
import type { RandomBytes } from '../bytes.ts'
import type { Component } from '../component.ts'

/** Knows one kind of file that tells of packages. */
export type Cataloger = {
  name: string
  /**
   * Whether the file is of this kind. `path` has no slash at its start; `head` holds its first bytes, 16 at most.
   */
  wants(path: string, head: Buffer): boolean
  /**
   * Whether it is a list of what is installed: an image whose list cannot be read has no inventory. Other files that
   * cannot be read are left out, and the inventory says so.
   */
  isList: boolean
  /** Whether it is read in parts, and may be as large as a database. */
  isLarge: boolean
  /** The packages of which the file tells. Throws Unreadable, and InventoryRefused beyond a bound. */
  read(path: string, bytes: RandomBytes, budget: Budget): Component[]
}
