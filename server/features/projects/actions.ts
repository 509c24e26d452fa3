import { dropProject, saveProject, setPublic, type Project } from '../../catalog/project.ts'
import { dropEmptyRepositories, hasArtifacts } from '../../catalog/repository.ts'
import { facts, type Actor } from '../../catalog/topics.ts'
import { uncached } from '../../platform/cache/cache.ts'
import { isReferenceViolation, isUniqueViolation, type Db, type Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { clientHost, mirrorsKey } from '../../registry/views/proxied/mirrors.ts'
import { dropRightsIn, roles, saveMember } from '../access/index.ts'
import { findAllowlists, saveAllowlist } from '../cve-allowlist/index.ts'
import { saveQuota, setLimit } from '../quotas/index.ts'
import { findEndpoint, type Endpoint } from '../endpoints/index.ts'
import { filterProblem, projectNameProblem } from './rules.ts'
import { addMetadata, dropMetadata, findMetadata, saveMetadata } from './store.ts'

type Allowed = { cves: string[]; expiresAt: number | null }
/** `storageLimit` in bytes; absent or -1: no limit. `metadata` without `public`. */
type Wanted = {
  name: string
  isPublic: boolean
  metadata?: Record<string, string>
  allowlist?: Allowed
  storageLimit?: number
  cache?: Cache
}
/** What a project that caches another registry has beside. `begin` runs in the transaction that makes it. */
type Cache = {
  endpoint: Pick<Endpoint, 'id' | 'type' | 'url'>
  begin(tx: Tx, by: Actor, projectId: number): Promise<void>
}

/** Creates a project; the account that creates it becomes its administrator. Throws BAD_REQUEST or CONFLICT. */
export async function createProject(
  db: Db,
  by: Actor,
  { name, isPublic, metadata = {}, allowlist, storageLimit = -1, cache }: Wanted,
): Promise<Project> {
  const problem = projectNameProblem(name)
  if (problem) throw new Failure('BAD_REQUEST', problem)
  refuseFilter(metadata)
  try {
    return await db.transaction(async (tx) => {
      const ownerId = by.kind === 'user' ? by.id! : await firstAdminId(tx)
      const project = await saveProject(tx, { name, isPublic, ownerId, endpointId: cache?.endpoint.id ?? null })
      await saveQuota(tx, project.id)
      if (storageLimit !== -1) await setLimit(tx, project.id, storageLimit)
      await saveMetadata(tx, project.id, metadata)
      if (allowlist) await saveAllowlist(tx, project.id, allowlist)
      if (by.kind === 'user') await saveMember(tx, project.id, ownerId, roles.projectAdmin, by.name)
      await emit(tx, [facts.projectCreated({ projectId: project.id, name, isPublic }, by)])
      if (cache) {
        tx.changes(mirrorsKey(clientHost(cache.endpoint)))
        await cache.begin(tx, by, project.id)
      }
      return project
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new Failure('CONFLICT', `the project ${name} exists already`)
    if (cache && isReferenceViolation(error))
      throw new Failure('BAD_REQUEST', `registry ${cache.endpoint.id} not found`, { cause: error })
    throw error
  }
}

/** Throws BAD_REQUEST when the filter of a cache cannot be used. */
function refuseFilter(metadata: Readonly<Record<string, string>>): void {
  const problem = filterProblem(metadata)
  if (problem) throw new Failure('BAD_REQUEST', problem)
}

/** A project that was not created by an account (but by a robot) is owned by the first administrator. */
async function firstAdminId(tx: Tx): Promise<number> {
  const row = await tx.row<{ id: number }>(sql`select id from account where is_admin order by id limit 1`)
  return row!.id
}

/** Changes only what is given. `public` is a column of the project, all else is a row of its metadata. */
export async function updateProject(
  db: Db,
  by: Actor,
  project: Project,
  { metadata, allowlist }: { metadata: Record<string, string>; allowlist: Allowed | undefined },
): Promise<void> {
  await db.transaction(async (tx) => {
    const { public: isPublic, ...rest } = metadata
    const reader = uncached({ db: tx })
    const known = (await findAllowlists(reader, [project.id])).get(project.id)
    refuseFilter({ ...(await findMetadata(reader, project.id)), ...rest })
    const before = { ...(await findMetadata(reader, project.id)), public: String(project.isPublic), ...toldOf(known) }
    if (isPublic !== undefined) await setPublic(tx, project, isPublic === 'true')
    await saveMetadata(tx, project.id, rest)
    if (allowlist) await saveAllowlist(tx, project.id, allowlist)
    const changed = differing<Record<string, unknown>>(before, { ...metadata, ...toldOf(allowlist) })
    if (Object.keys(changed).length > 0)
      await emit(tx, [facts.projectUpdated({ projectId: project.id, name: project.name, changed }, by)])
  })
}

const toldOf = (allowed: Allowed | undefined) =>
  allowed ? { cve_allowlist: allowed.cves, cve_allowlist_expires_at: allowed.expiresAt } : {}

/** Throws CONFLICT when the project has this metadata already. */
export async function createMetadata(db: Db, by: Actor, project: Project, name: string, value: string): Promise<void> {
  const exists = () => new Failure('CONFLICT', `${name} is set already: update it`)
  if (name === 'public') throw exists()
  await db.transaction(async (tx) => {
    refuseFilter({ ...(await findMetadata(uncached({ db: tx }), project.id)), [name]: value })
    if (!(await addMetadata(tx, project.id, name, value))) throw exists()
    await emit(tx, [
      facts.projectUpdated({ projectId: project.id, name: project.name, changed: { [name]: value } }, by),
    ])
  })
}

/** Resets a metadata to its default; `public` to false. Throws NOT_FOUND, and BAD_REQUEST for the policy's id. */
export async function removeMetadata(db: Db, by: Actor, project: Project, name: string): Promise<void> {
  if (name === 'retention_id') throw new Failure('BAD_REQUEST', 'retention_id goes with its policy: delete that')
  await db.transaction(async (tx) => {
    if (name === 'public') await setPublic(tx, project, false)
    else if (!(await dropMetadata(tx, project.id, name)))
      throw new Failure('NOT_FOUND', `the project has no metadata ${name}`)
    await emit(tx, [facts.projectUpdated({ projectId: project.id, name: project.name, changed: { [name]: null } }, by)])
  })
}

/** Removes an empty project. Throws PRECONDITION while an artifact is in it (C-79). */
export async function deleteProject(db: Db, by: Actor, project: Project): Promise<void> {
  const full = () =>
    new Failure('PRECONDITION', `the project ${project.name} still holds artifacts: delete its repositories first`)
  if (await hasArtifacts(db, project.id)) throw full()
  try {
    await db.transaction(async (tx) => {
      await dropEmptyRepositories(tx, project.id)
      await dropRightsIn(tx, project)
      await forgetMirror(tx, project)
      await dropProject(tx, project)
      await emit(tx, [facts.projectDeleted({ projectId: project.id, name: project.name }, by)])
    })
  } catch (error) {
    // A push came between the check and the delete.
    if (isReferenceViolation(error)) throw full()
    throw error
  }
}

async function forgetMirror(tx: Tx, { endpointId }: Project): Promise<void> {
  const endpoint = endpointId === null ? undefined : await findEndpoint(tx, endpointId)
  if (endpoint) tx.changes(mirrorsKey(clientHost(endpoint)))
}
