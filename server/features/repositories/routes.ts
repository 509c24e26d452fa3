import type { Static } from 'typebox'
import * as api from '../../../api/repositories.ts'
import type { Reader } from '../../catalog/reader.ts'
import { uncached } from '../../platform/cache/cache.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { actorOf } from '../../registry/caller.ts'
import type { Gates } from '../../registry/gate.ts'
import { maySystem, route, viewerOf, type ApiRoute, type Rights, type TokenRights } from '../access/index.ts'
import { deleteRepository, updateRepository } from './actions.ts'
import { getRepositoryOf } from './find.ts'
import {
  countUsageOf,
  describeRepositories,
  listRepositories,
  listRepositoriesOf,
  repositoryFields,
  repositoryOrder,
  type DescribedRepository,
  type RepositoryUsage,
} from './store.ts'

/** In characters. A description is stored as it is; a portal that shows it has to escape it (H27). */
const descriptionLimit = 65_536

/** `cachesLists`: whether lists are assembled from cached objects (S1-34). */
export function repositoryRoutes(reader: Reader & { db: Db }, gates: Gates, cachesLists: boolean): ApiRoute[] {
  const { db } = reader
  const lists = cachesLists ? reader : uncached(reader)
  return [
    route(api.listAllRepositories, 'anyone', async ({ query, rights }) => {
      const viewer = await viewerOf(reader, whereListing(rights), (one) => maySystem(one, 'catalog', 'read'))
      const { rows, total } = await listRepositories(lists, viewer, listing(repositoryFields, query, repositoryOrder))
      return { rows: rows.map(present), total }
    }),
    route(api.listRepositories, { project: 'repository', verb: 'list' }, async ({ project, query }) => {
      const asked = listing(repositoryFields, query, repositoryOrder)
      const { rows, total } = await listRepositoriesOf(lists, project.id, asked)
      const ids = query.with_usage ? rows.map(({ id }) => id) : []
      const used = ids.length > 0 ? await countUsageOf(db, ids) : new Map<number, RepositoryUsage>()
      return { rows: rows.map((one) => ({ ...present(one), ...presentUsage(used.get(one.id)) })), total }
    }),
    route(api.getRepository, { project: 'repository', verb: 'read' }, async ({ project, params }) => {
      const { id } = await getRepositoryOf(reader, project, params.repository_name)
      const [found] = await describeRepositories(reader, [id])
      if (!found) throw new Failure('NOT_FOUND')
      return present(found)
    }),
    route(api.updateRepository, { project: 'repository', verb: 'update' }, async (asked) => {
      const {
        project,
        params,
        body: { description = '' },
        caller,
      } = asked
      if (description.length > descriptionLimit) {
        throw new Failure('BAD_REQUEST', `a description has at most ${descriptionLimit} characters`)
      }
      const repository = await getRepositoryOf(reader, project, params.repository_name)
      await updateRepository(db, actorOf(caller), repository, { description })
    }),
    route(api.deleteRepository, { project: 'repository', verb: 'delete' }, async ({ project, params, caller }) => {
      await deleteRepository(db, gates, actorOf(caller), await getRepositoryOf(reader, project, params.repository_name))
    }),
  ]
}

/** Robots and tokens see the repositories of projects where they may list them; an account with any role does (B.1). */
export function whereListing(rights: Rights): Rights {
  if (rights.kind === 'token') return tokenListing(rights)
  if (rights.kind === 'workload')
    return { ...rights, parts: rights.parts.map((part) => ({ ...part, rights: tokenListing(part.rights) })) }
  return rights.kind === 'robot' ? { ...rights, projects: listable(rights.projects) } : rights
}

const tokenListing = (rights: TokenRights): TokenRights => ({
  ...rights,
  scope: { ...rights.scope, projects: listable(rights.scope.projects) },
})

const listable = <Place>(projects: ReadonlyMap<Place, ReadonlySet<string>>) =>
  new Map([...projects].filter(([, held]) => held.has('repository:list') || held.has('repository:*')))

const presentUsage = (used: RepositoryUsage | undefined) => used && { tag_count: used.tags, size: used.size }

function present(repository: DescribedRepository): Static<typeof api.Repository> {
  const { id, projectId, name, description, artifacts, pullCount, createdAt, updatedAt, pulledAt } = repository
  return {
    id,
    project_id: projectId,
    name,
    description,
    artifact_count: artifacts,
    pull_count: pullCount,
    creation_time: createdAt.toISOString(),
    update_time: updatedAt.toISOString(),
    ...(pulledAt ? { last_pull_time: pulledAt.toISOString() } : {}),
  }
}
