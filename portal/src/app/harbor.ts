import { getProject } from '../../../api/projects.ts'
import { send } from '../lib/api.ts'
import { fillPath, matchPath, type Params } from '../lib/routes.ts'

/**
 * Harbor's addresses, as mails and wikis hold them, and ours; below one of them, such as a tab, ours is the same.
 * `:project` begins as Harbor's id of a project; its name is asked with the caller's own rights.
 */
const rows: [harbor: string, ours: string][] = [
  ['/harbor/sign-in', '/login'],
  ['/harbor/projects', '/projects'],
  ['/harbor/logs', '/activity'],
  ['/harbor/users', '/users'],
  ['/harbor/groups', '/groups'],
  ['/harbor/robot-accounts', '/robots'],
  ['/harbor/labels', '/labels'],
  ['/harbor/registries', '/endpoints'],
  ['/harbor/replications', '/replication'],
  ['/harbor/project-quotas', '/quotas'],
  ['/harbor/interrogation-services', '/scanners'],
  ['/harbor/clearing-job', '/collection'],
  ['/harbor/job-service-dashboard', '/jobs'],
  ['/harbor/configs/security', '/settings/cves'],
  ['/harbor/configs', '/settings/access'],
  ['/harbor/projects/:project', '/p/:project'],
  ['/harbor/projects/:project/summary', '/p/:project'],
  ['/harbor/projects/:project/repositories', '/p/:project'],
  ['/harbor/projects/:project/members', '/p/:project/-/members'],
  ['/harbor/projects/:project/robot-account', '/p/:project/-/robots'],
  ['/harbor/projects/:project/webhook', '/p/:project/-/webhooks'],
  ['/harbor/projects/:project/labels', '/p/:project/-/labels'],
  ['/harbor/projects/:project/logs', '/p/:project/-/activity'],
  ['/harbor/projects/:project/configs', '/p/:project/-/settings'],
  ['/harbor/projects/:project/tag-strategy', '/p/:project/-/rules'],
]
/** `/harbor/projects/3/repositories/apps/web[/artifacts-tab][/artifacts/sha256:…]`; the repository may have slashes. */
const repository =
  /^\/harbor\/projects\/([^/]+)\/repositories\/(.+?)(?:\/artifacts-tab)?(?:\/artifacts\/(sha\d+:[0-9a-f]+).*)?\/?$/

/** Our place for an address of Harbor's portal; the start page for an unknown one. */
export async function harborTarget(path: string): Promise<string> {
  const [, project, name, digest] = repository.exec(path) ?? []
  if (project !== undefined && name !== undefined) {
    const pattern = `/p/:project/-/r/:repository*${digest === undefined ? '' : '/-/a/:digest'}`
    const params = { project, repository: decodeURIComponent(name), digest: digest ?? '' }
    return fillPath(pattern, await withName(params))
  }
  // The longest one that is the beginning of the path.
  for (const [harbor, ours] of rows.toSorted(([a], [b]) => b.length - a.length)) {
    const params = matchPath(harbor, path) ?? matchPath(`${harbor}/:below*`, path)
    if (params) return fillPath(ours, await withName(params))
  }
  return '/'
}

/** Puts the project's name in place of its id; a project that the caller may not see keeps its id. */
async function withName(params: Params): Promise<Params> {
  const { project } = params
  if (project === undefined || !/^\d+$/.test(project)) return params
  try {
    const { body } = await send(getProject, { params: { project_name_or_id: project } }, { byId: true })
    return { ...params, project: body.name }
  } catch {
    return params
  }
}
