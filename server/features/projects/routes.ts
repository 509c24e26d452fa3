import { Type } from 'typebox'
import { Project as ProjectAnswer, ProjectDeletable, ProjectReq, ProjectSummary } from '../../../api/projects.ts'
import { listQuery, ProjectEither } from '../../../api/requests.ts'
import { findProject } from '../../catalog/project.ts'
import { hasArtifacts } from '../../catalog/repository.ts'
import type { Reader } from '../../catalog/reader.ts'
import { uncached } from '../../platform/cache/cache.ts'
import { listing } from '../../platform/db/listing.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import { maySee, maySystem, route, viewerOf, type Rights } from '../access/index.ts'
import { parseAllowlist } from '../cve-allowlist/index.ts'
import { limitProblem, quotaFigure } from '../quotas/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { createProject, deleteProject, updateProject } from './actions.ts'
import { metadataRoutes } from './metadata-routes.ts'
import { describeProjects, listProjects, projectFields, projectOrder } from './store.ts'
import { summarize, type Figure } from './summary.ts'
import { metadataOf, present } from './wire.ts'

const prefix = '/api/v2.0'
const tag = 'project'

/** `cachesLists`: whether the list is put together from cached objects (S1-34). `lent`: figures of other features. */
export function projectRoutes(
  { db, cache }: Omit<Reader, 'db'> & { db: Db }, settings: SettingsReader, cachesLists: boolean,
  lent: readonly Figure[] = [],
) {
  const reader = { db, cache }
  const figures = [quotaFigure(db), ...lent]
  const lists = cachesLists ? reader : uncached(reader)
  return [
    ...metadataRoutes(reader),
    route({
      id: 'listProjects', tag, method: 'GET', path: '/projects', access: 'anyone',
      summary: 'List the projects that the caller may see',
      schema: {
        query: Type.Object({ ...listQuery, name: Type.Optional(Type.String({ maxLength: 255 })), public: Type.Optional(Type.Boolean()), owner: Type.Optional(Type.String({ maxLength: 255 })), with_detail: Type.Optional(Type.Boolean({ default: true })) }),
        answers: { 200: Type.Array(ProjectAnswer) },
      },
      async handler({ query: { name, public: isPublic, owner, ...query }, rights, header }) {
        const short = [...(name ? [`name=~${name}`] : []), ...(isPublic === undefined ? [] : [`public=${isPublic}`]), ...(owner ? [`owner=${owner}`] : [])]
        const asked = listing(projectFields, { ...query, q: [...short, ...(query.q ? [query.q] : [])].join(',') }, projectOrder)
        const { projects, total } = await listProjects(lists, await viewerOf(reader, rights, (one) => maySystem(one, 'project', 'list')), asked)
        pageHeaders(`${prefix}/projects`, { ...query, name, public: isPublic, owner }, asked.page, asked.pageSize, total, header)
        return { status: 200, body: projects.map((project) => present(project, rights)) }
      },
    }),
    route({
      id: 'headProject', tag, method: 'HEAD', path: '/projects', access: 'user',
      summary: 'Is there a project of this name? Private ones that the caller may not see stay unknown',
      schema: { query: Type.Object({ project_name: Type.String({ minLength: 1, maxLength: 255 }) }), answers: { 200: null } },
      // C-64
      async handler({ query, rights }) {
        const project = await findProject(reader, query.project_name)
        if (!project || !maySee(rights, project)) throw new Failure('NOT_FOUND')
        return { status: 200 }
      },
    }),
    route({
      id: 'createProject', tag, method: 'POST', path: '/projects', access: 'user',
      summary: 'Create a project',
      schema: { body: ProjectReq, answers: { 201: null } },
      async handler({ body, caller, rights, header, request }) {
        if (!(await mayCreate(rights))) throw new Failure('FORBIDDEN')
        if (body.project_name === undefined) throw new Failure('BAD_REQUEST', 'project_name is missing')
        refuseRegistry(body)
        const { public: isPublic = 'false', ...metadata } = metadataOf(body)
        const project = await createProject(db, actorOf(caller), {
          name: body.project_name, isPublic: isPublic === 'true', metadata, storageLimit: await storageLimitOf(body.storage_limit, rights),
          ...(body.cve_allowlist ? { allowlist: parseAllowlist(body.cve_allowlist) } : {}),
        })
        const isNamed = request.headers['x-resource-name-in-location']?.toString().toLowerCase() === 'true'
        header('location', `${prefix}/projects/${isNamed ? project.name : project.id}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'getProject', tag, method: 'GET', path: '/projects/{project_name_or_id}', access: { project: 'project', verb: 'read' },
      summary: 'Get a project by its name or id',
      schema: { params: ProjectEither, answers: { 200: ProjectAnswer } },
      async handler({ project, rights }) {
        const [found] = await describeProjects(reader, [project.id])
        if (!found) throw new Failure('NOT_FOUND')
        return { status: 200, body: present(found, rights) }
      },
    }),
    route({
      id: 'updateProject', tag, method: 'PUT', path: '/projects/{project_name_or_id}', access: { project: 'project', verb: 'update' },
      summary: 'Change the metadata and the allowlist of a project; name, owner and limit stay as they are',
      schema: { params: ProjectEither, body: ProjectReq, answers: { 200: null } },
      async handler({ project, body, caller }) {
        refuseRegistry(body)
        await updateProject(db, actorOf(caller), project, { metadata: metadataOf(body), allowlist: body.cve_allowlist && parseAllowlist(body.cve_allowlist) })
        return { status: 200 }
      },
    }),
    route({
      id: 'deleteProject', tag, method: 'DELETE', path: '/projects/{project_name_or_id}', access: { project: 'project', verb: 'delete' },
      summary: 'Delete an empty project',
      schema: { params: ProjectEither, answers: { 200: null } },
      async handler({ project, caller }) {
        await deleteProject(db, actorOf(caller), project)
        return { status: 200 }
      },
    }),
    route({
      id: 'getProjectDeletable', tag, method: 'GET', path: '/projects/{project_name_or_id}/_deletable', access: { project: 'project', verb: 'delete' },
      summary: 'Could the project be deleted now?',
      schema: { params: ProjectEither, answers: { 200: ProjectDeletable } },
      async handler({ project }) {
        const isFull = await hasArtifacts(db, project.id)
        return { status: 200, body: isFull ? { deletable: false, message: 'the project contains repositories, can not be deleted' } : { deletable: true } }
      },
    }),
    route({
      id: 'getProjectSummary', tag, method: 'GET', path: '/projects/{project_name_or_id}/summary', access: { project: 'project', verb: 'read' },
      summary: 'Figures of a project: members and quota for those who may see them',
      schema: { params: ProjectEither, answers: { 200: ProjectSummary } },
      handler: async ({ project, rights }) => ({ status: 200, body: await summarize(reader, figures, project, rights) }),
    }),
  ]

  async function mayCreate(rights: Rights): Promise<boolean> {
    if (maySystem(rights, 'project', 'create')) return true
    return rights.kind === 'user' && (await settings.get('project_creation_restriction')) === 'everyone'
  }

  /** Only administrators choose; as in Harbor, what others ask for is passed over in favour of the default. */
  async function storageLimitOf(wanted: number | undefined, rights: Rights): Promise<number> {
    if (!wanted || rights.kind !== 'user' || !rights.isAdmin) return settings.get('storage_per_project')
    const problem = limitProblem(wanted)
    if (problem) throw new Failure('BAD_REQUEST', problem)
    return wanted
  }
}

/** A project in front of someone else's registry; silently making an ordinary one would be worse than a refusal. */
function refuseRegistry({ registry_id: id }: { registry_id?: number }) {
  if (id) throw new Failure('BAD_REQUEST', 'proxy cache projects are not supported yet: leave out registry_id')
}
