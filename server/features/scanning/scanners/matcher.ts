import { parseManifest, type Descriptor } from '../../../../oci/manifest.ts'
import { sql } from '../../../platform/db/sql.ts'
import { InventoryRefused } from '../inventory/bounds.ts'
import { matchImage } from '../matcher/image.ts'
import { describeMatcher, ownScannerName, reportType } from '../matcher/own-scanner.ts'
import { findCurrent } from '../matcher/database/store.ts'
import { hasInventory } from '../matcher/packages/store.ts'
import { reportTypes, type Metadata } from './adapter/metadata.ts'
import { readInventory, type OwnGround } from './own.ts'
import { ScanRefused, type ScannedImage, type Scanner, type VulnerabilityReport } from './scanner.ts'

type Lent = OwnGround & { vulndb: { staleMs: number } }
type Ticket = { image: ScannedImage; layers: Descriptor[] }

/** Marina's own matcher: reads what is in an image, unless that is known, and compares it with the database in use. */
export function ownMatcher({ vulndb, ...ground }: Lent): Scanner<VulnerabilityReport, Ticket> {
  const { db, registry } = ground
  return {
    describe: async () => describeMatcher((await findCurrent(db))?.id ?? null),
    async start(image) {
      const { content, mediaType } = await registry.readManifest(image.repository, { digest: image.digest })
      return { image, layers: parseManifest(content, mediaType).layers }
    },
    async report({ image, layers }, run) {
      try {
        const known = await findImage(image)
        if (known === undefined || !(await hasInventory(db, known))) await readInventory(ground, image, layers, run)
        const id = known ?? (await findImage(image))
        if (id === undefined) throw new ScanRefused('the image was deleted')
        const { findings, state, generation, notes, packages } = await db.transaction((tx) =>
          matchImage(tx, id, vulndb),
        )
        for (const note of notes) run.log(note, 'WARNING')
        run.log(`packages of the image: ${packages}; database: ${generation ?? 'none'}`)
        const scanner = describeMatcher(generation)
        return { mimeType: reportType, scanner, findings, state, ...(generation === null ? {} : { generation }) }
      } catch (error) {
        throw error instanceof InventoryRefused ? new ScanRefused(error.message, { cause: error }) : error
      }
    },
  }

  async function findImage({ repository, digest }: ScannedImage): Promise<number | undefined> {
    const row = await db.row<{ id: number }>(sql`
      select artifact.id from artifact join repository on repository.id = artifact.repository_id
      where repository.name = ${repository} and artifact.digest = ${digest}`)
    return row?.id
  }
}

/** What the matcher says of itself, as a scanner that is asked by HTTP would. */
export async function matcherMetadata(db: Lent['db']): Promise<Metadata> {
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
