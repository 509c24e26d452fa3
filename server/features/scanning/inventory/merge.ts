import type { Component, Found, Inventory } from './component.ts'
import { osReleasePaths } from './catalogers/os-release.ts'
import { hashesUpwards, hashOfPath } from './hashes.ts'
import type { LayerInventory } from './layer-inventory.ts'
import { purlOf } from './purl.ts'

type Held = { components: Component[]; /** Of its path and of the folders above it. */ hashes: bigint[] }

/** The most notes that an inventory keeps. */
const mostNotes = 100

/** What an image holds: its layers one over the other, the lowest first. The top one wins at every path. */
export function mergeLayers(layers: LayerInventory[]): Inventory {
  const files = new Map<string, Held>()
  for (const layer of layers) {
    cover(files, layer)
    for (const { path, components } of layer.files) files.set(path, { components, hashes: hashesUpwards(path) })
  }
  const notes = [...new Set(layers.flatMap((layer) => layer.notes))]
  return { ...gather(files), notes: notes.slice(0, mostNotes) }
}

/** Takes away what the layer removes or replaces: at the path itself, or at a folder above it. */
function cover(files: Map<string, Held>, { removed, emptied, paths }: LayerInventory): void {
  if (files.size === 0) return
  const gone = new Set(removed.map(hashOfPath))
  const cleared = new Set(emptied.map(hashOfPath))
  for (const [path, { hashes }] of files) {
    const isGone = hashes.some((one, level) => gone.has(one) || paths.has(one) || (level > 0 && cleared.has(one)))
    // A layer may say that the root itself was emptied.
    if (isGone || emptied.includes('')) files.delete(path)
  }
}

function gather(files: Map<string, Held>): Omit<Inventory, 'notes'> {
  const os = osReleasePaths.flatMap((path) => files.get(path)?.components ?? []).at(0)
  const found = new Map<string, Found>()
  for (const path of [...files.keys()].toSorted(byText)) {
    for (const component of files.get(path)!.components) {
      const key = component.type === 'os' ? undefined : purlOf(component, os)
      if (key !== undefined && !found.has(key)) found.set(key, { path, component })
    }
  }
  return { os, found: [...found].toSorted(([a], [b]) => byText(a, b)).map(([, one]) => one) }
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
