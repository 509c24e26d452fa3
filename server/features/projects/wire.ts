import { Failure } from '../../platform/http/failure.ts'
import type { Rights } from '../access/index.ts'
import { presentAllowlist } from '../cve-allowlist/index.ts'
import { MetadataProblem, parseAllMetadata, parseMetadata } from './rules.ts'
import type { DescribedProject } from './store.ts'

type Body = { public?: boolean; metadata?: Record<string, string | undefined> }

/** The metadata that a body gives, with `public` from either of its two places. Throws BAD_REQUEST. */
export function metadataOf({ public: isPublic, metadata = {} }: Body, isCache: boolean): Record<string, string> {
  const all = explaining(() => parseAllMetadata(metadata, isCache))
  return { ...(isPublic === undefined ? {} : { public: String(isPublic) }), ...all }
}

/** Reads metadata that is to be set; each has to be known. Throws BAD_REQUEST. */
export const parseProjectMetadata = (metadata: Record<string, string>): Record<string, string> =>
  explaining(() =>
    Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, parseMetadata(name, value)])),
  )

/** Turns a MetadataProblem of `work` into BAD_REQUEST. */
export function explaining<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw error instanceof MetadataProblem ? new Failure('BAD_REQUEST', error.message) : error
  }
}

export function present(project: DescribedProject, rights: Rights) {
  const own = rights.kind === 'user' ? (rights.roles.get(project.id) ?? []) : []
  return {
    project_id: project.id,
    name: project.name,
    ...(project.endpointId === null ? {} : { registry_id: project.endpointId }),
    owner_id: project.ownerId,
    owner_name: project.ownerName,
    creation_time: project.createdAt.toISOString(),
    update_time: project.updatedAt.toISOString(),
    deleted: false,
    togglable: rights.kind === 'user' && (rights.isAdmin || own.includes(1)),
    current_user_role_ids: [...own],
    ...(own.length === 0 ? {} : { current_user_role_id: own[0] }),
    repo_count: project.repositories,
    metadata: { ...project.metadata, public: String(project.isPublic) },
    cve_allowlist: presentAllowlist(project.allowlist, project.id),
  }
}
