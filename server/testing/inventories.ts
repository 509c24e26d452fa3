import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buildConfig } from '../config/config.ts'
import { openBudget, type Bounds } from '../features/scanning/inventory/bounds.ts'
import type { Component, Inventory } from '../features/scanning/inventory/component.ts'
import type { LayerInventory } from '../features/scanning/inventory/layer-inventory.ts'
import { readLayer } from '../features/scanning/inventory/layer.ts'
import { mergeLayers } from '../features/scanning/inventory/merge.ts'
import { openSpool } from '../features/scanning/inventory/spool.ts'
import { tarOf, type LayerFile } from './layers.ts'

/** The bounds that hold unless somebody sets others. */
export const defaultBounds: Bounds = buildConfig({}).scanning

/** What a layer holds: of its files, or of its bytes as they are stored. In this thread. */
export async function inventoryOfLayer(
  layer: Iterable<LayerFile> | Buffer,
  bounds: Partial<Bounds> = {},
): Promise<LayerInventory> {
  const bytes = Buffer.isBuffer(layer) ? layer : await tarOf(layer)
  const folder = await mkdtemp(join(tmpdir(), 'marina-test-layer-'))
  const spool = openSpool(folder)
  try {
    return await readLayer(Readable.from(chunksOf(bytes)), openBudget({ ...defaultBounds, ...bounds }), spool)
  } finally {
    spool[Symbol.dispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

/** What an image of these layers holds. */
export async function inventoryOf(...layers: (Iterable<LayerFile> | Buffer)[]): Promise<Inventory> {
  const read: LayerInventory[] = []
  for (const layer of layers) read.push(await inventoryOfLayer(layer))
  return mergeLayers(read)
}

/** `name@version`, with the namespace before it. */
export const shownOf = ({ namespace, name, version }: Component): string =>
  `${namespace === undefined ? '' : `${namespace}/`}${name}@${version}`

/** The packages of a type, in order. */
export const namesOf = ({ found }: Inventory, type?: Component['type']): string[] =>
  found
    .filter(({ component }) => type === undefined || component.type === type)
    .map(({ component }) => shownOf(component))
    .toSorted()

/** In pieces, as storage gives them. */
function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}
