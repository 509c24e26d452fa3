import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import { projectOf, type RepositoryName } from '../../../../oci/reference.ts'
import { findProject } from '../../../catalog/project.ts'
import type { Reader } from '../../../catalog/reader.ts'
import { findRepository } from '../../../catalog/repository.ts'
import type { Db } from '../../../platform/db/db.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { Gates } from '../../../registry/gate.ts'
import type { Registry } from '../../../registry/registry.ts'
import { createProject } from '../../projects/index.ts'
import { deleteRepository } from '../../repositories/index.ts'
import { listNames, listArtifacts } from './local-lists.ts'
import { sendLocally } from './local-send.ts'
import { replicator, type Expected, type Side } from './side.ts'

export type LocalGround = { reader: Reader & { db: Db }; registry: Registry; gates: Gates }

/** Referrers that are read at a time. */
const page = 100

/** Marina itself as a side. */
export function localSide({ reader, registry, gates }: LocalGround, signal: AbortSignal): Side {
  const { db } = reader
  return {
    endpointId: 0,
    name: 'Local',
    registry,
    listsDigests: true,
    cannotDeleteTags: undefined,
    repositories: (wanted) => listNames(db, wanted),
    async *artifacts(name) {
      const repository = await findRepository(reader, name)
      if (!repository) throw new OciError('NAME_UNKNOWN', `the repository ${name} does not exist`)
      yield* listArtifacts(db, repository.id)
    },
    async *referrers(name, subject) {
      for (let last = ''; ;) {
        const rows = await registry.listReferrers(name, subject, { limit: page, last })
        yield* rows
        if (rows.length < page) return
        last = rows.at(-1)!.digest
      }
    },
    hasReferrersApi: () => true,
    prepare: (repositories) => prepare(reader, repositories),
    deleteTag: (name, tag) => registry.deleteTag(name, replicator, tag).catch(unlessGone),
    async dropRepository(name) {
      const repository = await findRepository(reader, name)
      if (repository) await deleteRepository(db, gates, replicator, repository)
    },
    hasBlob: (name: RepositoryName, digest: Digest) =>
      registry.statBlob(name, digest).then(() => true, falseWhenUnknown),
    sendBlob: (name, blob) => sendLocally(registry, name, blob, signal),
  }
}

/** Makes missing projects; private, unless what comes into them is public where it comes from. */
async function prepare(reader: Reader & { db: Db }, repositories: Expected[]): Promise<void> {
  const projects = Map.groupBy(repositories, ({ name }) => projectOf(name))
  for (const [name, all] of projects) {
    if (await findProject(reader, name)) continue
    const isPublic = all.every((one) => one.isPublic === true)
    await createProject(reader.db, replicator, { name, isPublic }).catch((error: unknown) => {
      const isThere = error instanceof Failure && error.code === 'CONFLICT'
      if (!isThere) throw error
    })
  }
}

function unlessGone(error: unknown): void {
  if (!(error instanceof OciError) || (error.code !== 'MANIFEST_UNKNOWN' && error.code !== 'NAME_UNKNOWN')) throw error
}

function falseWhenUnknown(error: unknown): false {
  if (error instanceof OciError && (error.code === 'BLOB_UNKNOWN' || error.code === 'NAME_UNKNOWN')) return false
  throw error
}
