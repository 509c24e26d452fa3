import { Type } from 'typebox'
import { Project as ProjectBody, ProjectHeadQuery, ProjectListQuery, ProjectParams, ProjectReq } from '../../../api/projects.ts'
import { findProject, listProjects, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf, type Caller } from '../../registry/caller.ts'
import { findRights } from '../access/index.ts'
import { route } from '../access/api.ts'
import { createProject, deleteProject, getOwnProject, getVisibleProject } from './actions.ts'

const prefix = '/api/v2.0'

export function projectRoutes({ db, ...rest }: Omit<Reader, 'db'> & { db: Db }) {
  const reader = { db, ...rest }
  return [
    route({
      method: 'GET', path: '/projects', access: 'viewer',
      schema: { query: ProjectListQuery, answers: { 200: Type.Array(ProjectBody) } },
      async handler({ query, caller, header }) {
        const { page = 1, page_size: size = 10, name } = query
        const { projects, total } = await listProjects(db, await viewerOf(caller), { ...(name ? { name } : {}), limit: size, offset: (page - 1) * size })
        for (const [key, value] of Object.entries(pageHeaders(`${prefix}/projects`, { name }, page, size, total))) header(key, value)
        return { status: 200, body: projects.map(present) }
      },
    }),
    route({
      method: 'HEAD', path: '/projects', access: 'user',
      schema: { query: ProjectHeadQuery, answers: { 200: null } },
      async handler({ query, caller }) {
        const project = await findProject(reader, query.project_name)
        const rights = caller.kind === 'user' ? await findRights(reader, caller.id) : undefined
        // Harbor answers for any name; a private name that the caller may not read stays unknown here (C-64).
        const isVisible = project && (project.isPublic || rights?.isAdmin || rights?.roles.has(project.id))
        if (!isVisible) throw new Failure('NOT_FOUND')
        return { status: 200 }
      },
    }),
    route({
      method: 'POST', path: '/projects', access: 'user',
      schema: { body: ProjectReq, answers: { 201: null } },
      async handler({ body, caller, header }) {
        if (caller.kind !== 'user') throw new Failure('UNAUTHORIZED')
        const isPublic = body.metadata?.public === undefined ? (body.public ?? false) : body.metadata.public === 'true'
        const project = await createProject(db, { id: caller.id, name: caller.name }, { name: body.project_name, isPublic })
        header('location', `${prefix}/projects/${project.id}`)
        return { status: 201 }
      },
    }),
    route({
      method: 'GET', path: '/projects/:project_name_or_id', access: 'viewer',
      schema: { params: ProjectParams, answers: { 200: ProjectBody } },
      async handler({ params, caller }) {
        return { status: 200, body: present(await getVisibleProject(reader, caller, params.project_name_or_id, false)) }
      },
    }),
    route({
      method: 'DELETE', path: '/projects/:project_name_or_id', access: 'user',
      schema: { params: ProjectParams, answers: { 200: null } },
      async handler({ params, caller }) {
        await deleteProject(db, actorOf(caller), await getOwnProject(reader, caller, params.project_name_or_id, false))
        return { status: 200 }
      },
    }),
  ]

  async function viewerOf(caller: Caller) {
    const rights = caller.kind === 'user' ? await findRights(reader, caller.id) : undefined
    return { isAdmin: rights?.isAdmin ?? false, id: rights?.id ?? null }
  }
}

function present(project: Project & { repositories?: number }) {
  return {
    project_id: project.id,
    name: project.name,
    owner_id: project.ownerId,
    creation_time: project.createdAt.toISOString(),
    update_time: project.updatedAt.toISOString(),
    ...(project.repositories === undefined ? {} : { repo_count: project.repositories }),
    metadata: { public: String(project.isPublic) },
  }
}
