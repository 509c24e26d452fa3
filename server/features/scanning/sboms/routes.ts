import * as api from '../../../../api/scans.ts'
import { parseManifest } from '../../../../oci/manifest.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Db } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { content } from '../../../platform/http/reply.ts'
import type { Registry } from '../../../registry/registry.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import { getArtifact, openArtifacts, readAddition } from '../../artifacts/index.ts'
import { cycloneDxOf } from '../documents/cyclonedx.ts'
import type { SpdxDocument } from '../documents/spdx.ts'
import { findSbom } from './store.ts'

export type RouteGround = {
  reader: Reader & { db: Db }
  registry: Pick<Registry, 'openBlob' | 'readManifest'>
}

/** SBOMs are read. */
export function sbomRoutes({ reader, registry }: RouteGround): ApiRoute[] {
  const { db } = reader
  const artifacts = openArtifacts(reader)
  return [
    route(api.getSbom, { project: 'sbom', verb: 'read' }, async ({ project, params, query }) => {
      const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
      const digest = artifact.type === 'SBOM' ? artifact.digest : (await findSbom(db, artifact.id))?.digest
      if (!digest) throw new Failure('NOT_FOUND', `${params.reference} has no SBOM: ask for one`)
      const stored = await registry.readManifest(repository.name, { digest })
      const manifest = parseManifest(stored.content, stored.mediaType)
      const shown = await readAddition('sbom', manifest, (blob) => registry.openBlob(repository.name, blob.digest))
      return query.format === 'cyclonedx'
        ? content('application/vnd.cyclonedx+json', JSON.stringify(cycloneDxOf(parseSpdx(shown.content))))
        : content('application/spdx+json', shown.content)
    }),
  ]
}

/** An SBOM that somebody else has stored may be of any form. Throws BAD_REQUEST. */
function parseSpdx(text: string | Buffer): SpdxDocument {
  const refuse = () => new Failure('BAD_REQUEST', 'this SBOM was not made by Marina: read it in its own form')
  let document: SpdxDocument
  try {
    document = JSON.parse(text.toString()) as SpdxDocument
  } catch {
    throw refuse()
  }
  if (document.spdxVersion !== 'SPDX-2.3' || !document.creationInfo?.creators?.[0]?.startsWith('Tool: marina-'))
    throw refuse()
  return document
}
