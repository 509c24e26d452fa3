import { Type } from 'typebox'
import { Repository as Wire } from '../../../api/repositories.ts'
import { ListQuery, ProjectName } from '../../../api/requests.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import type { Gates } from '../../registry/gate.ts'
import { maySystem, route, viewerOf, type Rights } from '../access/index.ts'
import { deleteRepository, updateRepository } from './actions.ts'
import { getRepositoryOf } from './find.ts'
import { uncached } from '../../platform/cache/cache.ts'
import { describeRepositories, listRepositories, listRepositoriesOf, repositoryFields, repositoryOrder, type DescribedRepository } from './store.ts'

const tag = 'repository'
const path = '/projects/{project_name}/repositories'
const Params = Type.Object({ ...ProjectName.properties, repository_name: Type.String({ minLength: 1, maxLength: 1024 }) })
/** In characters. Kept as text; whoever shows it must make it harmless (H27). */
const descriptionLimit = 65_536

/** `cachesLists`: whether they are put together from cached objects (S1-34). */
export function repositoryRoutes(reader: Reader & { db: Db }, gates: Gates, cachesLists: boolean) {
  const { db } = reader
  const lists = cachesLists ? reader : uncached(reader)
  return [
    route({
      id: 'listAllRepositories', tag, method: 'GET', path: '/repositories', access: 'anyone',
      summary: 'List the repositories of all projects that the caller may see',
      schema: { query: ListQuery, answers: { 200: Type.Array(Wire) } },
      async handler({ query, rights, header }) {
        const asked = listing(repositoryFields, query, repositoryOrder)
        const viewer = await viewerOf(reader, whereListing(rights), (one) => maySystem(one, 'catalog', 'read'))
        const { repositories, total } = await listRepositories(lists, viewer, asked)
        pageHeaders('/api/v2.0/repositories', query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: repositories.map(present) }
      },
    }),
    route({
      id: 'listRepositories', tag, method: 'GET', path, access: { project: 'repository', verb: 'list' },
      summary: 'List the repositories of a project',
      schema: { params: ProjectName, query: ListQuery, answers: { 200: Type.Array(Wire) } },
      async handler({ project, query, header }) {
        const asked = listing(repositoryFields, query, repositoryOrder)
        const { repositories, total } = await listRepositoriesOf(lists, project.id, asked)
        pageHeaders(`/api/v2.0/projects/${project.name}/repositories`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: repositories.map(present) }
      },
    }),
    route({
      id: 'getRepository', tag, method: 'GET', path: `${path}/{repository_name}`, access: { project: 'repository', verb: 'read' },
      summary: 'Get a repository',
      schema: { params: Params, answers: { 200: Wire } },
      async handler({ project, params }) {
        const [found] = await describeRepositories(reader, [(await getRepositoryOf(reader, project, params.repository_name)).id])
        if (!found) throw new Failure('NOT_FOUND')
        return { status: 200, body: present(found) }
      },
    }),
    route({
      id: 'updateRepository', tag, method: 'PUT', path: `${path}/{repository_name}`, access: { project: 'repository', verb: 'update' },
      summary: "Set a repository's description",
      schema: { params: Params, body: Wire, answers: { 200: null } },
      async handler({ project, params, body, caller }) {
        const { description = '' } = body
        if (description.length > descriptionLimit || description.includes('\0')) throw new Failure('BAD_REQUEST', `a description has at most ${descriptionLimit} characters, none of them NUL`)
        await updateRepository(db, actorOf(caller), await getRepositoryOf(reader, project, params.repository_name), { description })
        return { status: 200 }
      },
    }),
    route({
      id: 'deleteRepository', tag, method: 'DELETE', path: `${path}/{repository_name}`, access: { project: 'repository', verb: 'delete' },
      summary: 'Delete a repository with all its artifacts and tags',
      schema: { params: Params, answers: { 200: null } },
      async handler({ project, params, caller }) {
        await deleteRepository(db, gates, actorOf(caller), await getRepositoryOf(reader, project, params.repository_name))
        return { status: 200 }
      },
    }),
  ]
}

/** A robot sees repositories where it may list them; every role may (B.1). */
function whereListing(rights: Rights): Rights {
  if (rights.kind !== 'robot') return rights
  return { ...rights, projects: new Map([...rights.projects].filter(([, held]) => held.has('repository:list') || held.has('repository:*'))) }
}

function present({ id, projectId, name, description, artifacts, pullCount, createdAt, updatedAt }: DescribedRepository) {
  return {
    id, project_id: projectId, name, description, artifact_count: artifacts, pull_count: pullCount,
    creation_time: createdAt.toISOString(), update_time: updatedAt.toISOString(),
  }
}
