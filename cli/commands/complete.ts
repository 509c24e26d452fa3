import { listArtifacts } from '../../api/artifacts.ts'
import { listRegistries } from '../../api/endpoints.ts'
import { listProjects } from '../../api/projects.ts'
import { listReplicationPolicies } from '../../api/replication.ts'
import { listRepositories } from '../../api/repositories.ts'
import { listRobots } from '../../api/robots.ts'
import { searchUsers } from '../../api/users.ts'
import { readContexts } from '../lib/contexts.ts'
import { parseRepository, splitArtifact } from '../lib/names.ts'
import type { Call, Completed, Verb } from '../lib/verb.ts'

/** As many as a person looks through. */
const most = 50

/** Prints names that begin with what was typed, one a line, for the completion scripts; nothing when it cannot. */
export const complete: Omit<Verb<{ kind: string; typed?: string }>, 'name' | 'about'> = {
  arguments: [
    { name: 'kind', about: 'of the names' },
    { name: 'typed', about: 'their beginning', isOptional: true },
  ],
  async run({ kind, typed = '' }, call) {
    const source = sources[kind as Completed]
    const names = source ? await Promise.resolve(source(typed, call)).catch(() => []) : []
    const fitting = names.filter((name) => name.startsWith(typed) && !/[\s\p{Cc}]/u.test(name))
    if (fitting.length > 0) call.out.text(fitting.join('\n'))
  },
}

const sources: Record<Completed, (typed: string, call: Call) => Promise<string[]> | string[]> = {
  context: () => Object.keys(readContexts(process.env).contexts),
  project: projects,
  repository: repositories,
  artifact: artifacts,
  async user(typed, { pages }) {
    if (typed === '') return []
    const { rows } = await pages(searchUsers, { query: { username: typed } }, most)
    return rows.map(({ username }) => username)
  },
  async endpoint(_typed, { pages }) {
    const { rows } = await pages(listRegistries, {}, most)
    return rows.map(({ name }) => name)
  },
  async policy(_typed, { pages }) {
    const { rows } = await pages(listReplicationPolicies, {}, most)
    return rows.map(({ name = '' }) => name)
  },
  async robot(_typed, { pages }) {
    const { rows } = await pages(listRobots, {}, most)
    return rows.map(({ name }) => name)
  },
}

async function projects(typed: string, { pages }: Call): Promise<string[]> {
  const query = typed === '' ? {} : { name: typed }
  const { rows } = await pages(listProjects, { query }, most)
  return rows.map(({ name }) => name)
}

/** Projects until there is a slash, then repositories of that project. */
async function repositories(typed: string, call: Call): Promise<string[]> {
  const [project = '', rest] = typed.split(/\/(.*)/s, 2)
  if (rest === undefined) return (await projects(project, call)).map((name) => `${name}/`)
  const query = rest === '' ? {} : { q: `name=~${rest}` }
  const { rows } = await call.pages(listRepositories, { params: { project_name: project }, query }, most)
  return rows.map(({ name }) => name)
}

/** Repositories until there is a colon, then the newest tags of that repository. */
async function artifacts(typed: string, call: Call): Promise<string[]> {
  const { repository, reference } = splitArtifact(typed.replace(/:$/, ':_'))
  if (reference === undefined) return repositories(typed, call)
  const query = { q: 'tags=*', with_tag: true }
  const { rows } = await call.pages(listArtifacts, { params: parseRepository(repository), query }, most)
  return rows.flatMap(({ tags = [] }) => tags.map(({ name }) => `${repository}:${name}`))
}
