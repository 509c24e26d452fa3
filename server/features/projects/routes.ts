import * as api from '../../../api/projects.ts'
import { findProject, missProject, type Project } from '../../catalog/project.ts'
import type { Actor } from '../../catalog/topics.ts'
import { hasArtifacts } from '../../catalog/repository.ts'
import type { Reader } from '../../catalog/reader.ts'
import { uncached } from '../../platform/cache/cache.ts'
import { listing } from '../../platform/db/listing.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { maySee, maySystem, route, viewerOf, type ApiRoute, type Rights } from '../access/index.ts'
import { parseAllowlist } from '../cve-allowlist/index.ts'
import { findEndpoint } from '../endpoints/index.ts'
import { limitProblem, quotaFigure } from '../quotas/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { createProject, deleteProject, updateProject } from './actions.ts'
import { metadataRoutes } from './metadata-routes.ts'
import { countSeen } from './seen.ts'
import {
  describeProjects,
  findMetadata,
  listProjects,
  projectFields,
  projectOrder,
  type DescribedProject,
} from './store.ts'
import { summarize, type Figure } from './summary.ts'
import { metadataOf, present } from './wire.ts'

/**
 * `cachesLists`: whether lists are assembled from cached objects (S1-34). `beginCache`: what other features add to a
 * new project that caches another registry. `figures`: what they add to summaries.
 */
export type Lent = {
  reader: Reader & { db: Db }
  settings: SettingsReader
  cachesLists: boolean
  beginCache(tx: Tx, by: Actor, projectId: number): Promise<void>
  figures: readonly Figure[]
}

/** The types of registries that a project can cache: Harbor's, and those that need the distribution API alone. */
const cachedTypes: readonly string[] = [
  'ali-acr',
  'aws-ecr',
  'azure-acr',
  'docker-hub',
  'docker-registry',
  'github-ghcr',
  'gitlab',
  'google-gcr',
  'harbor',
  'jfrog-artifactory',
  'oci',
  'quay',
]

export function projectRoutes({ reader: { db, cache }, settings, cachesLists, beginCache, ...lent }: Lent): ApiRoute[] {
  const reader = { db, cache }
  const figures = [quotaFigure(db), ...lent.figures]
  const lists = cachesLists ? reader : uncached(reader)
  return [
    ...metadataRoutes(reader),
    route(api.listProjects, 'anyone', async ({ query: { name, public: isPublic, owner, ...query }, rights }) => {
      const short = [
        ...(name ? [`name=~${name}`] : []),
        ...(isPublic === undefined ? [] : [`public=${isPublic}`]),
        ...(owner ? [`owner=${owner}`] : []),
      ]
      const asked = listing(
        projectFields,
        { ...query, q: [...short, ...(query.q ? [query.q] : [])].join(',') },
        projectOrder,
      )
      const { rows, total } = await listProjects(
        lists,
        await viewerOf(reader, rights, (one) => maySystem(one, 'project', 'list')),
        asked,
      )
      return { rows: (await asSeen(rows, rights)).map((project) => present(project, rights)), total }
    }),
    // An invisible project is answered like an absent one (C-64).
    route(api.headProject, 'user', async ({ query, rights }) => {
      const project = await findProject(reader, query.project_name)
      if (project && maySee(rights, project)) return
      if (project) await missProject(reader)
      throw new Failure('NOT_FOUND')
    }),
    route(api.createProject, 'user', async ({ body, caller, rights, request }) => {
      if (!(await mayCreate(rights))) throw new Failure('FORBIDDEN', refusalOf(rights))
      if (body.project_name === undefined) throw new Failure('BAD_REQUEST', 'project_name is missing')
      const cache = await cacheOf(body.registry_id, rights)
      const { public: isPublic = 'false', ...metadata } = metadataOf(body, cache !== undefined)
      const project = await createProject(db, actorOf(caller), {
        name: body.project_name,
        isPublic: isPublic === 'true',
        metadata,
        storageLimit: await storageLimitOf(body.storage_limit, rights),
        ...(cache ? { cache } : {}),
        ...(body.cve_allowlist ? { allowlist: parseAllowlist(body.cve_allowlist) } : {}),
      })
      const isNamed = request.headers['x-resource-name-in-location']?.toString().toLowerCase() === 'true'
      return created(isNamed ? project.name : project.id)
    }),
    route(api.getProject, { project: 'project', verb: 'read' }, async ({ project, rights }) => {
      const [found] = await describeProjects(reader, [project.id])
      if (!found) throw new Failure('NOT_FOUND')
      return present((await asSeen([found], rights))[0]!, rights)
    }),
    route(api.updateProject, { project: 'project', verb: 'update' }, async ({ project, body, caller }) => {
      refuseRegistry(body, project)
      refuseOther(body.cve_allowlist, project)
      await updateProject(db, actorOf(caller), project, {
        metadata: metadataOf(await withoutSameRetention(body, project), project.endpointId !== null),
        allowlist: body.cve_allowlist && parseAllowlist(body.cve_allowlist),
      })
    }),
    route(api.deleteProject, { project: 'project', verb: 'delete' }, ({ project, caller }) =>
      deleteProject(db, actorOf(caller), project),
    ),
    route(api.getProjectDeletable, { project: 'project', verb: 'delete' }, async ({ project }) =>
      (await hasArtifacts(db, project.id))
        ? { deletable: false, message: 'the project contains repositories, can not be deleted' }
        : { deletable: true },
    ),
    route(api.getProjectSummary, { project: 'project', verb: 'read' }, ({ project, rights }) =>
      summarize(reader, figures, project, rights),
    ),
  ]

  /** With the number of repositories that the caller may list. */
  async function asSeen(found: DescribedProject[], rights: Rights): Promise<DescribedProject[]> {
    const counts = await countSeen(reader, rights, found)
    return found.map((one) => ({ ...one, repositories: counts.get(one.id) ?? one.repositories }))
  }

  /** As in Harbor, a client that sends the whole project back may send the policy that it has. */
  async function withoutSameRetention<Body extends { metadata?: Record<string, string | undefined> }>(
    body: Body,
    project: Project,
  ): Promise<Body> {
    const { retention_id: id, ...metadata } = body.metadata ?? {}
    const isSame = id !== undefined && id === (await findMetadata(reader, project.id))['retention_id']
    return isSame ? { ...body, metadata } : body
  }

  /** The endpoint that a new project is to cache. Only administrators choose one: its credential is theirs. */
  async function cacheOf(id: number | null | undefined, rights: Rights) {
    if (id === undefined || id === null) return undefined
    if (rights.kind !== 'user' || !rights.isAdmin)
      throw new Failure('FORBIDDEN', 'Only system admin can create proxy cache project')
    if (id <= 0) throw new Failure('BAD_REQUEST', `${id} is invalid value of registry_id, it should be greater than 0`)
    const endpoint = Number.isSafeInteger(id) ? await findEndpoint(db, id) : undefined
    if (!endpoint) throw new Failure('BAD_REQUEST', `registry ${id} not found`)
    if (!cachedTypes.includes(endpoint.type))
      throw new Failure('BAD_REQUEST', `unsupported registry type ${endpoint.type}`)
    return { endpoint, begin: beginCache }
  }

  async function mayCreate(rights: Rights): Promise<boolean> {
    if (maySystem(rights, 'project', 'create')) return true
    return rights.kind === 'user' && (await settings.get('project_creation_restriction')) === 'everyone'
  }

  /** Only administrators choose a limit; as in Harbor, anybody else's wish is ignored in favour of the default. */
  async function storageLimitOf(wanted: number | undefined, rights: Rights): Promise<number> {
    if (!wanted || rights.kind !== 'user' || !rights.isAdmin) return settings.get('storage_per_project')
    const problem = limitProblem(wanted)
    if (problem) throw new Failure('BAD_REQUEST', problem)
    return wanted
  }
}

/** Refuses the allowlist of another project: to ignore it would look as if it were changed. */
function refuseOther({ project_id: id }: { project_id?: number } = {}, project: Project): void {
  if (id && id !== project.id) throw new Failure('BAD_REQUEST', 'cve_allowlist.project_id is another project')
}

/** Why the caller may create no project, in Harbor's words: scripts compare them. */
const refusalOf = ({ kind }: Rights) => `Only system ${kind === 'robot' ? 'level robot' : 'admin'} can create project`

/** Refuses another endpoint than the project has: what is in the cache is that one's. */
function refuseRegistry({ registry_id: id }: { registry_id?: number | null }, { endpointId }: Project) {
  if (id && id !== endpointId) throw new Failure('BAD_REQUEST', 'registry_id of a project cannot be changed')
}
