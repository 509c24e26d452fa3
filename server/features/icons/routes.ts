import { isDigest, type Digest } from '../../../oci/digest.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import * as api from '../../../api/icons.ts'
import type { Reader } from '../../catalog/reader.ts'
import { visibleRepositories, type Viewer } from '../../catalog/viewer.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Registry } from '../../registry/registry.ts'
import { maySystem, route, viewerInside, viewerOf, type ApiRoute } from '../access/index.ts'
import { findDefaultIcon, type Icon } from './default-icons.ts'

/** The most bytes of an icon; features/artifacts/describe.ts takes no larger layer for one. */
const iconLimit = 256 * 1024

export function iconRoutes(reader: Reader, registry: Pick<Registry, 'openBlob'>): ApiRoute[] {
  return [
    route(api.getIcon, 'anyone', async ({ params: { digest }, rights }) => {
      if (!isDigest(digest)) throw new Failure('BAD_REQUEST', 'an icon is named by its digest')
      const viewer = viewerInside(await viewerOf(reader, rights, (one) => maySystem(one, 'catalog', 'read')), rights)
      const icon = findDefaultIcon(digest) ?? (await findOwnIcon(digest, viewer))
      if (!icon) throw new Failure('NOT_FOUND', 'no artifact has this icon')
      return { 'content-type': icon.contentType, content: icon.content.toString('base64') }
    }),
  ]

  /** Reads an icon that was pushed with an artifact, only from projects that the caller may see. */
  async function findOwnIcon(digest: Digest, viewer: Viewer): Promise<Icon | undefined> {
    const repository = await findRepositoryWithIcon(reader.db, digest, viewer)
    if (repository === undefined) return undefined
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of (await registry.openBlob(repository, digest, {
      start: 0,
      end: iconLimit - 1,
    })) as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size > iconLimit) return undefined
    }
    const content = Buffer.concat(chunks)
    const contentType = imageTypeOf(content)
    return contentType === undefined ? undefined : { contentType, content }
  }
}

async function findRepositoryWithIcon(
  db: Queryable,
  digest: Digest,
  viewer: Viewer,
): Promise<RepositoryName | undefined> {
  const row = await db.row<{ name: RepositoryName }>(sql`
    select repository.name from artifact
    join repository on repository.id = artifact.repository_id
    join project on project.id = repository.project_id
    where artifact.icon_digest = ${digest} and ${visibleRepositories(viewer)} limit 1`)
  return row?.name
}

/** Tells the type by the first bytes, not by the declared one; only pictures that cannot carry a script (X03). */
function imageTypeOf(content: Buffer): string | undefined {
  const head = content.toString('latin1', 0, 8)
  if (head === '\x89PNG\r\n\x1a\n') return 'image/png'
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  return /^GIF8[79]a/.test(head) ? 'image/gif' : undefined
}
