import { OciError } from '../../../../oci/errors.ts'
import { parseManifest, type Descriptor, type Manifest } from '../../../../oci/manifest.ts'
import type { Db } from '../../../platform/db/db.ts'
import type { Registry } from '../../../registry/registry.ts'
import { spdxOf, type Described } from '../documents/spdx.ts'
import { InventoryRefused, openBudget, type Bounds, type Budget } from '../inventory/bounds.ts'
import { isObject, textIn } from '../inventory/bytes.ts'
import { catalogersVersion } from '../inventory/catalogers/list.ts'
import type { Inventory } from '../inventory/component.ts'
import type { LayerInventory } from '../inventory/layer-inventory.ts'
import { mergeLayers } from '../inventory/merge.ts'
import { openInventoryThread } from '../inventory/thread.ts'
import { saveInventory } from '../matcher/packages/store.ts'
import { findLayerInventory, saveLayerInventory } from '../sboms/store.ts'
import { ScanRefused, type SbomReport, type Scanner, type ScanRun, type ScannedImage } from './scanner.ts'

export type OwnRules = Bounds & { memoryBytes: number }
export type OwnGround = { db: Db; registry: Pick<Registry, 'openBlob' | 'readManifest'>; rules: OwnRules }
type Ticket = { image: ScannedImage; manifest: Manifest; described: Described }

/** Grows with every change of the documents; the version of the catalogers stands behind it. */
const documentsVersion = 1
const description = { name: 'Marina', vendor: 'Marina', version: `${documentsVersion}.${catalogersVersion}` }
/** The largest document, in bytes: `additions/sbom` reads one whole. */
const mostBytes = 16 * 2 ** 20
/** A larger config is not read, in bytes; without it the document says no time and no architecture. */
const configBytes = 2 ** 20

/** Marina's own maker of SBOMs: it reads layers from storage, and needs no network and no database of anyone else. */
export function ownScanner({ db, registry, rules }: OwnGround): Scanner<SbomReport, Ticket> {
  return {
    describe: () => description,
    async start(image) {
      const { content, mediaType } = await registry.readManifest(image.repository, { digest: image.digest })
      const manifest = parseManifest(content, mediaType)
      const { created, architecture } = await configOf(registry, image, manifest)
      return { image, manifest, described: { ...image, created, architecture } }
    },
    async report({ image, manifest, described }, run) {
      try {
        const inventory = await readInventory({ db, registry, rules }, image, manifest.layers, run)
        const content = Buffer.from(JSON.stringify(spdxOf(described, inventory, `marina-${description.version}`)))
        if (content.length > mostBytes) throw new ScanRefused(`the SBOM would be larger than ${mostBytes} bytes`)
        run.log(`packages of the image: ${inventory.found.length}`)
        return { mediaType: 'application/spdx+json', content }
      } catch (error) {
        throw error instanceof InventoryRefused ? new ScanRefused(error.message, { cause: error }) : error
      }
    },
  }
}

async function configOf(
  registry: OwnGround['registry'],
  { repository }: ScannedImage,
  { config }: Manifest,
): Promise<{ created: string | undefined; architecture: string | undefined }> {
  const none = { created: undefined, architecture: undefined }
  if (!config || config.size > configBytes) return none
  const chunks = await (await registry.openBlob(repository, config.digest)).toArray()
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks as Buffer[]).toString('utf8'))
    if (!isObject(value)) return none
    return { created: textIn(value['created']) || undefined, architecture: textIn(value['architecture']) || undefined }
  } catch {
    return none
  }
}

/** Layers of images in Docker's and OCI's words; `+encrypted` and others are nothing that can be read. */
const isTar = (mediaType: string) =>
  /(?:\.|\/)(?:tar|rootfs\.(?:foreign\.)?diff\.tar)(?:[.+](?:gzip|zstd))?$/.test(mediaType)

/** What the image holds, which is kept as rows as well. Throws InventoryRefused. */
export async function readInventory(
  lent: OwnGround,
  image: ScannedImage,
  layers: Descriptor[],
  run: ScanRun,
): Promise<Inventory> {
  const inventory = await readImage(lent, image, layers, run)
  for (const note of inventory.notes) run.log(note, 'WARNING')
  await saveInventory(lent.db, image, inventory)
  return inventory
}

async function readImage(lent: OwnGround, image: ScannedImage, layers: Descriptor[], run: ScanRun): Promise<Inventory> {
  await using thread = openThread(lent.rules)
  const budget = openBudget(lent.rules)
  const read: LayerInventory[] = []
  const notes: string[] = []
  for (const [index, layer] of layers.entries()) {
    if (!isTar(layer.mediaType)) {
      notes.push(`the layer ${layer.digest} was left out: ${layer.mediaType} cannot be read`)
      continue
    }
    const found = await readOne(lent, thread, image, layer, { isLowest: index === 0, budget, run })
    if (typeof found === 'string') notes.push(found)
    else read.push(found)
  }
  const inventory = mergeLayers(read)
  return { ...inventory, notes: [...notes, ...inventory.notes] }
}

type How = { isLowest: boolean; budget: Budget; run: ScanRun }

/** What the layer holds, or why it was left out. What another image has told of it is not read again. */
async function readOne(
  { db, registry }: OwnGround,
  thread: Thread,
  { repository }: ScannedImage,
  { digest, size, mediaType }: Descriptor,
  { isLowest, budget, run }: How,
): Promise<LayerInventory | string> {
  run.signal.throwIfAborted()
  const known = await findLayerInventory(db, digest, isLowest)
  if (known) {
    run.log(`layer ${digest}: packages: ${known.used.packages}; known already`)
    budget.add(known.used)
    return known
  }
  const source = await registry.openBlob(repository, digest).catch((error: unknown) => {
    // Nobody needs to push the layers of Windows that its license keeps elsewhere.
    if (error instanceof OciError && error.code === 'BLOB_UNKNOWN' && /foreign|nondistributable/.test(mediaType)) return
    throw error
  })
  if (!source) return `the layer ${digest} was left out: it is kept elsewhere`
  const found = await (await thread.open()).read(source, budget.used(), run.signal)
  budget.add(found.used)
  await saveLayerInventory(db, digest, found, isLowest)
  run.log(`layer ${digest} of ${size} bytes: packages: ${found.used.packages}, files: ${found.used.entries}`)
  return found
}

type Thread = AsyncDisposable & { open(): ReturnType<typeof openInventoryThread> }

/** Starts the thread when the first layer needs it. */
function openThread(rules: OwnRules): Thread {
  let opened: ReturnType<typeof openInventoryThread> | undefined
  return {
    open: () => (opened ??= openInventoryThread(rules, rules.memoryBytes)),
    async [Symbol.asyncDispose]() {
      await (await opened)?.[Symbol.asyncDispose]()
    },
  }
}
