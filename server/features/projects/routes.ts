import { Type } from 'typebox'
import { Project as ProjectAnswer, ProjectReq } from '../../../api/projects.ts'
import { listQuery, ProjectEither } from '../../../api/requests.ts'
import { findProject, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { listing } from '../../platform/db/listing.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import { maySee, maySystem, route, viewerOf, type Rights } from '../access/index.ts'
import { createProject, deleteProject } from './actions.ts'
import { describeProject, listProjects, projectFields, projectOrder } from './store.ts'

const prefix = '/api/v2.0'
const tag = 'project'

export function projectRoutes({ db, cache }: Omit<Reader, 'db'> & { db: Db }) {
  const reader = { db, cache }
  return [
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
        const { projects, total } = await listProjects(db, await viewerOf(reader, rights, (one) => maySystem(one, 'project', 'list')), asked)
        pageHeaders(`${prefix}/projects`, { ...query, name, public: isPublic, owner }, asked.page, asked.pageSize, total, header)
        return { status: 200, body: projects.map((project) => present(project, rights, project)) }
      },
    }),
    route({
      id: 'headProject', tag, method: 'HEAD', path: '/projects', access: 'user',
      summary: 'Is there a project of this name? Private ones that the caller may not see stay unknown (C-64)',
      schema: { query: Type.Object({ project_name: Type.String({ minLength: 1, maxLength: 255 }) }), answers: { 200: null } },
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
      async handler({ body, caller, rights, header }) {
        if (rights.kind === 'robot' && !maySystem(rights, 'project', 'create')) throw new Failure('FORBIDDEN')
        if (body.project_name === undefined) throw new Failure('BAD_REQUEST', 'project_name is missing')
        const isPublic = body.metadata?.public === undefined ? (body.public ?? false) : body.metadata.public === 'true'
        const project = await createProject(db, actorOf(caller), { name: body.project_name, isPublic })
        header('location', `${prefix}/projects/${project.id}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'getProject', tag, method: 'GET', path: '/projects/{project_name_or_id}', access: { project: 'project', verb: 'read' },
      summary: 'Get a project by its name or id',
      schema: { params: ProjectEither, answers: { 200: ProjectAnswer } },
      async handler({ project, rights }) {
        return { status: 200, body: present(project, rights, await describeProject(db, project.id)) }
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
  ]
}

function present(project: Project, rights: Rights, more: { ownerName: string; repositories: number; metadata?: Record<string, string> }) {
  const own = rights.kind === 'user' ? (rights.roles.get(project.id) ?? []) : []
  return {
    project_id: project.id,
    name: project.name,
    owner_id: project.ownerId,
    owner_name: more.ownerName,
    creation_time: project.createdAt.toISOString(),
    update_time: project.updatedAt.toISOString(),
    deleted: false,
    togglable: rights.kind === 'user' && (rights.isAdmin || own.includes(1)),
    current_user_role_ids: [...own],
    ...(own.length === 0 ? {} : { current_user_role_id: own[0] }),
    repo_count: more.repositories,
    metadata: { public: String(project.isPublic), ...more.metadata },
  }
}
