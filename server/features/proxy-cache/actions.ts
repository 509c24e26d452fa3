import type { Digest } from '../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { findRepository } from '../../catalog/repository.ts'
import type { Actor } from '../../catalog/topics.ts'
import { uncached } from '../../platform/cache/cache.ts'
import type { Db } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import type { UntagGates } from '../../registry/gate.ts'
import { removeTag } from '../../registry/local/remove.ts'
import { expireTags, forgetTags } from '../../registry/views/proxied/store.ts'
import type { CacheProject } from '../../registry/views/proxied/types.ts'
import { deleteArtifact } from '../artifacts/index.ts'
import { prefetchType } from './jobs.ts'
import { findArtifactOf } from './store.ts'
import { facts } from './topics.ts'

type Which = { name: RepositoryName | undefined; tag: Tag | undefined }

/** Lets the next pull of these tags ask the registry. Returns how many there are. */
export function refresh(db: Db, by: Actor, project: CacheProject, { name, tag }: Which): Promise<number> {
  return db.transaction(async (tx) => {
    const tags = await expireTags(tx, project.id, name, tag)
    if (tag !== undefined && tags === 0) throw new Failure('NOT_FOUND', `${name}:${tag} was never pulled`)
    const about = { projectId: project.id, project: project.name, repository: name ?? null, tag: tag ?? null, tags }
    await emit(tx, [facts.refreshed(about, by)])
    return tags
  })
}

/**
 * Forgets a tag: what is known of it, the tag here, and its artifact unless another tag names that. Not into the trash,
 * as the registry has it still. Throws NOT_FOUND, and PRECONDITION for a tag that a rule holds.
 */
export async function forget(
  { db, gates }: { db: Db; gates: UntagGates },
  by: Actor,
  project: CacheProject,
  { name, tag }: { name: RepositoryName; tag: Tag },
): Promise<void> {
  const repository = await findRepository(uncached({ db }), name)
  const found = repository && (await findArtifactOf(db, repository.id, tag))
  if (repository && found && !found.isShared)
    await deleteArtifact(db, gates, by, repository, found.digest, { skipsTrash: true })
  await db.transaction(async (tx) => {
    if (repository && found?.isShared) await removeTag(tx, gates, repository, tag, by)
    const known = await forgetTags(tx, project.id, name, tag)
    if (known === 0 && !found) throw new Failure('NOT_FOUND', `${name}:${tag} is not in the cache`)
    await emit(tx, [facts.forgotten({ projectId: project.id, project: project.name, repository: name, tag }, by)])
  })
}

/** Begins to fetch one image by its digest, which a pull had to wait for; does nothing while that is under way. */
export async function bringImage(
  db: Db,
  project: Pick<CacheProject, 'id' | 'name'>,
  repository: RepositoryName,
  digest: Digest,
): Promise<void> {
  const image = `${repository.slice(project.name.length + 1)}@${digest}`
  const params = { projectId: project.id, images: [image], platforms: [] }
  await db.transaction(async (tx) => {
    await tx.run(sql`select pg_advisory_xact_lock(hashtext(${prefetchType.name}), hashtext(${image}))`)
    const known = await tx.row(sql`
      select from task
      where job_type = ${prefetchType.name} and status in ('Pending', 'Running')
        and params @> ${jsonbText(params)}::jsonb limit 1`)
    if (known) return
    const attrs = { images: 1, done: 0, failed: [] }
    await enqueue(tx, prefetchType, { params, trigger: 'EVENT', vendorId: project.id, attrs })
  })
}

/** Begins to fetch images; returns the id of the execution. */
export function prefetchImages(
  db: Db,
  by: Actor,
  project: CacheProject,
  { images, platforms }: { images: string[]; platforms: string[] },
): Promise<number> {
  return db.transaction(async (tx) => {
    const { executionId } = await enqueue(tx, prefetchType, {
      params: { projectId: project.id, images, platforms },
      trigger: 'MANUAL',
      vendorId: project.id,
      attrs: { images: images.length, done: 0, failed: [] },
    })
    const about = { projectId: project.id, project: project.name, executionId, images: images.length }
    await emit(tx, [facts.prefetchAsked(about, by)])
    return executionId
  })
}
