import type { Project } from '../../catalog/project.ts'
import { countVisibleRepositories } from '../../catalog/repository.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Viewer } from '../../catalog/viewer.ts'
import { mayInProject, viewerIn, type Rights } from '../access/index.ts'

/**
 * The numbers of repositories that the caller may list, of those projects in which an account with roles of one's own
 * may not list them all. Empty for everybody else, without a query.
 */
export async function countSeen(
  { db }: Pick<Reader, 'db'>,
  rights: Rights,
  projects: readonly Project[],
): Promise<Map<number, number>> {
  const account = rights.kind === 'token' ? rights.account : rights
  if (account.kind !== 'user' || account.own === undefined) return new Map()
  const partly = projects.filter(
    (project) => account.own!.has(project.id) && !mayInProject(account, project, 'repository', 'list'),
  )
  if (partly.length === 0) return new Map()
  const parts = partly.flatMap((project) => partsOf(viewerIn(account, project, 'repository', 'list')))
  const ids = partly.map(({ id }) => id)
  const counts = await countVisibleRepositories(db, { seesAll: false, projectIds: [], parts }, ids)
  return new Map(ids.map((id) => [id, counts.get(id) ?? 0]))
}

const partsOf = (viewer: Viewer) => (viewer.seesAll ? [] : (viewer.parts ?? []))
