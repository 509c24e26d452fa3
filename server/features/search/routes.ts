import type { Static } from 'typebox'
import * as api from '../../../api/search.ts'
import type { Viewer } from '../../catalog/viewer.ts'
import type { Reader } from '../../catalog/reader.ts'
import { maySystem, route, viewerInside, viewerOf, type ApiRoute, type Rights } from '../access/index.ts'
import {
  countStored,
  countVisible,
  findProjects,
  findRepositories,
  type FoundProject,
  type FoundRepository,
} from './store.ts'

/** Search and statistics, both limited to what the caller may see. */
export function searchRoutes(reader: Reader): ApiRoute[] {
  const { db } = reader
  const seen = (rights: Rights): Promise<Viewer> => viewerOf(reader, rights, (one) => maySystem(one, 'project', 'list'))

  return [
    route(api.search, 'anyone', async ({ query: { q }, rights }) => {
      const viewer = await seen(rights)
      const inside = viewerInside(viewer, rights)
      const [projects, repositories] = await Promise.all([
        findProjects(db, viewer, inside, q),
        findRepositories(db, inside, q),
      ])
      return {
        project: projects.map((one) => presentProject(one, rights)),
        repository: repositories.map(presentRepository),
      }
    }),
    route(api.getStatistic, 'user', async ({ rights }) => {
      const viewer = await seen(rights)
      const counts = await countVisible(db, viewer, viewerInside(viewer, rights))
      const none = { projects: 0, repositories: 0 }
      const [open, closed] = [true, false].map(
        (isPublic) => counts.find((one) => one.isPublic === isPublic) ?? none,
      ) as [Count, Count]
      const own = {
        public_project_count: open.projects,
        public_repo_count: open.repositories,
        private_project_count: closed.projects,
        private_repo_count: closed.repositories,
      }
      const isAdmin = rights.kind === 'user' && (rights.isAdmin || rights.audits !== undefined)
      return {
        ...own,
        total_project_count: isAdmin ? open.projects + closed.projects : 0,
        total_repo_count: isAdmin ? open.repositories + closed.repositories : 0,
        total_storage_consumption: isAdmin ? await countStored(db) : 0,
      }
    }),
  ]
}

type Count = { projects: number; repositories: number }

function presentProject(project: FoundProject, rights: Rights): Static<typeof api.SearchProject> {
  const { id, name, ownerId, ownerName, isPublic, repositories, createdAt, updatedAt } = project
  const own = rights.kind === 'user' ? (rights.roles.get(id) ?? []) : []
  return {
    ...(own.length === 0 ? {} : { current_user_role_id: own[0] }),
    current_user_role_ids: [...own],
    project_id: id,
    name,
    owner_id: ownerId,
    owner_name: ownerName,
    repo_count: repositories,
    metadata: { public: String(isPublic) },
    creation_time: createdAt.toISOString(),
    update_time: updatedAt.toISOString(),
    deleted: false,
  }
}

function presentRepository({
  name,
  projectId,
  projectName,
  isPublic,
  pulls,
  artifacts,
}: FoundRepository): Static<typeof api.SearchRepository> {
  return {
    project_id: projectId,
    project_name: projectName,
    project_public: isPublic,
    repository_name: name,
    pull_count: pulls,
    artifact_count: artifacts,
  }
}
