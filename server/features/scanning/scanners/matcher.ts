import { parseManifest } from '../../../../oci/manifest.ts'
import { InventoryRefused } from '../inventory/bounds.ts'
import { describeMatcher, ownScannerName } from '../matcher/own-scanner.ts'
import { findCurrent } from '../matcher/database/store.ts'
import { hasInventory } from '../matcher/packages/store.ts'
import { reportTypes, type Metadata } from './adapter/metadata.ts'
import { readInventory, type OwnGround } from './own.ts'
import { ScanRefused, type ScannedImage, type ScanRun } from './scanner.ts'

/** Reads which packages an image holds, unless that is known. Throws ScanRefused. */
export async function readPackages(ground: OwnGround, image: ScannedImage, run: ScanRun): Promise<void> {
  if (await hasInventory(ground.db, image.id)) return
  const { content, mediaType } = await ground.registry.readManifest(image.repository, { digest: image.digest })
  try {
    await readInventory(ground, image, parseManifest(content, mediaType).layers, run)
  } catch (error) {
    throw error instanceof InventoryRefused ? new ScanRefused(error.message, { cause: error }) : error
  }
}

/** What the matcher says of itself, as a scanner that is asked by HTTP would. */
export async function matcherMetadata(db: OwnGround['db']): Promise<Metadata> {
  const current = await findCurrent(db)
  const consumed = [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ]
  return {
    scanner: { ...describeMatcher(current?.id ?? null), name: ownScannerName },
    capabilities: [
      { type: 'vulnerability', consumes_mime_types: consumed, produces_mime_types: [reportTypes.generic] },
    ],
    properties: {
      'harbor.scanner-adapter/scanner-type': 'os-package-vulnerability',
      ...(current?.dataAt
        ? { 'harbor.scanner-adapter/vulnerability-database-updated-at': current.dataAt.toISOString() }
        : {}),
    },
  }
}
