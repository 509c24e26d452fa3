import type { Static } from 'typebox'
import * as api from '../../../api/usage.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { maySystem, route, type ApiRoute, type Rights } from '../access/index.ts'
import { getRepositoryOf } from '../repositories/index.ts'
import { listUsageOfArtifacts, type UsedByArtifact } from './artifacts.ts'
import { listUsageOfProjects, listUsageOfRepositories, type Order, type Part, type Used } from './store.ts'

export function usageRoutes(reader: Reader & { db: Db }): ApiRoute[] {
  const { db } = reader
  return [
    route(api.listSystemUsage, { system: 'system-volumes', verb: 'read' }, async ({ query }) => {
      const { rows, total } = await listUsageOfProjects(db, partOf(query), query.sort as Order | undefined)
      return {
        total,
        rows: rows.map(({ kind, name, projectId, repositories, limit, ...used }) => ({
          kind,
          name,
          ...(projectId === null ? {} : { project_id: projectId, repositories, limit }),
          ...bytesOf(used),
        })),
      }
    }),
    route(api.listProjectUsage, { project: 'quota', verb: 'read' }, async ({ project, query, rights }) => {
      const { rows, total } = await listUsageOfRepositories(
        db,
        project.id,
        partOf(query),
        query.sort as Order | undefined,
      )
      return {
        total,
        rows: rows.map(({ id, name, artifacts, inStorage, ...used }) => ({
          kind: 'repository',
          name: name.slice(project.name.length + 1),
          repository_id: id,
          ...bytesOf(used),
          ...(maySeeStorage(rights) ? { exclusive_in_storage: inStorage } : {}),
          artifacts,
        })),
      }
    }),
    route(api.listRepositoryUsage, { project: 'quota', verb: 'read' }, async ({ project, query, rights }) => {
      const { id } = await getRepositoryOf(reader, project, query.repository)
      const { rows, total } = await listUsageOfArtifacts(db, { id, projectId: project.id }, partOf(query), query.sort)
      return { total, rows: rows.map((one) => presentArtifact(one, maySeeStorage(rights))) }
    }),
  ]
}

/** What others hold is a matter of the system: it tells whether a digest is somewhere else. */
const maySeeStorage = (rights: Rights) => maySystem(rights, 'system-volumes', 'read')

function partOf({ page = 1, page_size: pageSize = 10 }: { page?: number; page_size?: number }): Part {
  const { limit, offset } = listing({}, { page, page_size: pageSize }, sql`size`)
  return { limit, offset }
}

const bytesOf = ({ size, exclusive }: Used) => ({ size, shared: size - exclusive, exclusive })

function presentArtifact(one: UsedByArtifact, showsStorage: boolean): Static<typeof api.ArtifactUsage> {
  return {
    kind: 'artifact',
    digest: one.digest,
    tags: one.tags,
    tag_count: one.tagCount,
    type: one.type,
    push_time: one.pushedAt.toISOString(),
    ...bytesOf(one),
    ...(showsStorage ? { exclusive_in_storage: one.inStorage } : {}),
  }
}
