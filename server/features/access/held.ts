import { findProject, findProjectById, missProject } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { allInProject, allInSystem } from './holdable.ts'
import { maySee } from './reach.ts'
import { type Permission, type Rights } from './rules.ts'

/**
 * Lists what these rights allow in the scope `/project/{id or name}`, `/project/{id or name}/repository/{name}` or
 * `/system`. The list is empty for other scopes and for projects that these rights do not show.
 */
export async function heldIn(reader: Reader, rights: Rights, scope: string): Promise<Permission[]> {
  if (scope === '/system') return allInSystem(rights)
  const [, either, repository] = /^\/project\/([^/]+)(?:\/repository\/(.+))?$/.exec(scope) ?? []
  if (either === undefined || either.includes('\0')) return []
  const project = /^\d{1,15}$/.test(either)
    ? await findProjectById(reader, Number(either))
    : await findProject(reader, either)
  if (project && maySee(rights, project)) return allInProject(rights, project, repository)
  if (project) await missProject(reader)
  return []
}
