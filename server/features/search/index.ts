import { Type } from 'typebox'
import { Search, Statistic } from '../../../api/search.ts'
import type { Viewer } from '../../catalog/viewer.ts'
import type { Reader } from '../../catalog/reader.ts'
import { maySystem, route, viewerOf, type Rights } from '../access/index.ts'
import { countStored, countVisible, findProjects, findRepositories, type FoundProject, type FoundRepository } from './store.ts'

/** What there is, as far as the caller may see it: by name, and counted. */
export function searchRoutes(reader: Reader) {
  const { db } = reader
  const seen = (rights: Rights): Promise<Viewer> => viewerOf(reader, rights, (one) => maySystem(one, 'project', 'list'))

  return [
    route({
      id: 'search', tag: 'search', method: 'GET', path: '/search', access: 'anyone',
      summary: 'Find projects and repositories by a part of their name',
      schema: { query: Type.Object({ q: Type.String({ maxLength: 255 }) }), answers: { 200: Search } },
      async handler({ query: { q }, rights }) {
        const viewer = await seen(rights)
        const [projects, repositories] = await Promise.all([findProjects(db, viewer, q), findRepositories(db, viewer, q)])
        return { status: 200, body: { project: projects.map(presentProject), repository: repositories.map(presentRepository) } }
      },
    }),
    route({
      id: 'getStatistic', tag: 'statistic', method: 'GET', path: '/statistics', access: 'user',
      summary: 'Count what the caller may see; totals and stored bytes for administrators',
      schema: { answers: { 200: Statistic } },
      async handler({ rights }) {
        const counts = await countVisible(db, await seen(rights))
        const [open, closed] = [true, false].map((isPublic) => counts.find((one) => one.isPublic === isPublic) ?? { projects: 0, repositories: 0 }) as [Count, Count]
        const own = { public_project_count: open.projects, public_repo_count: open.repositories, private_project_count: closed.projects, private_repo_count: closed.repositories }
        if (rights.kind !== 'user' || !rights.isAdmin) return { status: 200, body: own }
        const totals = { total_project_count: open.projects + closed.projects, total_repo_count: open.repositories + closed.repositories, total_storage_consumption: await countStored(db) }
        return { status: 200, body: { ...own, ...totals } }
      },
    }),
  ]
}

type Count = { projects: number; repositories: number }

function presentProject({ id, name, ownerId, ownerName, isPublic, repositories, createdAt, updatedAt }: FoundProject) {
  return {
    project_id: id, name, owner_id: ownerId, owner_name: ownerName, repo_count: repositories, metadata: { public: String(isPublic) },
    creation_time: createdAt.toISOString(), update_time: updatedAt.toISOString(), deleted: false,
  }
}

function presentRepository({ name, projectId, projectName, isPublic, pulls, artifacts }: FoundRepository) {
  return { project_id: projectId, project_name: projectName, project_public: isPublic, repository_name: name, pull_count: pulls, artifact_count: artifacts }
}
