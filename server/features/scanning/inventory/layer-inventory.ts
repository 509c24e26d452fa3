import type { Used } from './bounds.ts'
import type { Component } from './component.ts'
import type { PathSet } from './hashes.ts'

/** What one layer adds to an image and takes from the layers below it; it depends on no other layer. */
export type LayerInventory = {
  /** Files that tell of packages. */
  files: { path: string; components: Component[] }[]
  /** Paths that it removes from the layers below, with all in them (OCI Image Layer Specification, "Whiteouts"). */
  removed: string[]
  /** Folders of which nothing is left of the layers below ("Opaque Whiteout"). */
  emptied: string[]
  /** What was left out, a sentence each. */
  notes: string[]
  used: Used
  /** All its paths that are no folders: they take the place of what the layers below have there. */
  paths: PathSet
}
