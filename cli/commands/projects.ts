import type { Static } from 'typebox'
import * as api from '../../api/projects.ts'
import type { Shape } from '../lib/output.ts'
import { eachOf } from '../lib/each.ts'
import { wrongUsage } from '../lib/problem.ts'
import { count, parseSize, size, time, yesNo } from '../lib/text.ts'
import type { Argument, Option, Verb } from '../lib/verb.ts'
import { deleting, listing, showing } from '../lib/words.ts'

type Project = Static<typeof api.Project>

export const project: Argument = { name: 'project', about: 'its name', complete: 'project' }
const ofProject = ({ project }: { project: string }) => ({ params: { project_name_or_id: project } })

const shape: Shape<Project> = {
  kind: 'project',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'public', of: ({ metadata }) => yesNo(metadata.public) },
    { name: 'repos', of: ({ repo_count: repos }) => repos },
    { name: 'owner', of: ({ owner_name: owner }) => owner, shrinks: true },
    { name: 'created', of: ({ creation_time: at }) => time(at), style: () => 'dim' },
  ],
  fields: [
    { name: 'name', of: ({ name }) => name },
    { name: 'id', of: ({ project_id: id }) => id },
    { name: 'public', of: ({ metadata }) => yesNo(metadata.public) },
    { name: 'repositories', of: ({ repo_count: repos }) => repos },
    { name: 'owner', of: ({ owner_name: owner }) => owner },
    { name: 'created', of: ({ creation_time: at }) => time(at) },
    { name: 'changed', of: ({ update_time: at }) => time(at) },
    { name: 'settings', of: ({ metadata }) => settingsOf(metadata) },
  ],
}

const settingsOf = (metadata: Project['metadata']) =>
  settingsText(Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'public')))

function settingsText(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

const list = listing({
  operation: api.listProjects,
  shape,
  about: 'list the projects that you may see',
  options: [
    { flags: '--name <part>', about: 'only those with this in their names' },
    { flags: '--public', about: 'only public ones' },
    { flags: '--private', about: 'only private ones' },
    { flags: '--owner <name>', about: 'only those of this account', complete: 'user' },
  ],
  examples: [
    ['marina projects list', 'all of them'],
    ['marina projects list --private --sort -creation_time --limit 5', 'the newest private ones'],
    ['for p in $(marina projects list -o name); do echo $p; done', 'names alone, for scripts'],
  ],
  call: ({
    name,
    public: isPublic,
    private: isPrivate,
    owner,
  }: {
    name?: string
    public?: true
    private?: true
    owner?: string
  }) => ({
    query: {
      ...(name === undefined ? {} : { name }),
      ...(isPublic || isPrivate ? { public: isPublic === true } : {}),
      ...(owner === undefined ? {} : { owner }),
    },
  }),
})

const show = showing({
  operation: api.getProject,
  shape,
  about: 'show a project',
  arguments: [project],
  examples: [['marina projects show library -o yaml', 'with all that the API knows']],
  call: ofProject,
})

const settings: Option = {
  flags: '--set <name=value>',
  about: 'a setting of the project, such as auto_scan=true; may stand several times',
  isMany: true,
}

type CreateGiven = { project: string; public?: true; limit?: string; set?: string[] }

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'create a project',
  arguments: [{ name: 'project', about: 'lower-case letters and digits, with . _ - between them' }],
  options: [
    { flags: '--public', about: 'everyone may pull from it' },
    { flags: '--limit <size>', about: 'how much it may store, such as 10GiB (default: that of the server)' },
    settings,
  ],
  examples: [
    ['marina projects create team', 'a private project'],
    ['marina projects create team --public --limit 10GiB', 'a public one with a limit'],
  ],
  async run({ project: name, public: isPublic = false, limit, set = [] }, { client, out }) {
    const bytes = limit === undefined ? undefined : parseSize(limit)
    if (limit !== undefined && bytes === undefined)
      throw wrongUsage(`--limit is a size such as 10GiB, or none; not ${limit}`)
    await client(api.createProject, {
      body: {
        project_name: name,
        metadata: { public: String(isPublic), ...parseSettings(set) },
        ...(bytes === undefined ? {} : { storage_limit: bytes }),
      },
    })
    const made = out.format === 'table' ? undefined : (await client(api.getProject, ofProject({ project: name }))).body
    await out.done(`created project ${name} (${isPublic ? 'public' : 'private'})`, name, made)
  },
}

const update: Verb<{ project: string; public?: true; private?: true; set?: string[] }> = {
  name: 'update',
  about: 'change settings of a project; what is not named stays',
  arguments: [project],
  options: [
    { flags: '--public', about: 'everyone may pull from it' },
    { flags: '--private', about: 'only members may' },
    settings,
  ],
  examples: [['marina projects update team --private --set auto_scan=true', 'two changes at once']],
  async run({ project: name, public: isPublic, private: isPrivate, set = [] }, { client, out }) {
    if (isPublic && isPrivate) throw wrongUsage('--public and --private cannot stand together')
    const metadata = {
      ...(isPublic || isPrivate ? { public: String(isPublic === true) } : {}),
      ...parseSettings(set),
    }
    const changes = settingsText(metadata)
    if (changes === '') throw wrongUsage('nothing to change', '--public, --private or --set name=value')
    await client(api.updateProject, { ...ofProject({ project: name }), body: { metadata } })
    await out.done(`changed project ${name}: ${changes}`, name)
  },
}

function parseSettings(set: string[]): Record<string, string> {
  return Object.fromEntries(
    set.map((one) => {
      const [, name, value] = /^([a-z_]+)=(.*)$/.exec(one) ?? []
      if (name === undefined || value === undefined) throw wrongUsage(`--set takes name=value, not ${one}`)
      return [name, value]
    }),
  )
}

const remove = deleting({
  operation: api.deleteProject,
  kind: 'project',
  about: 'delete an empty project',
  arguments: [{ ...project, name: 'projects', about: 'their names', isMany: true }],
  examples: [['marina projects delete old --dry-run', 'says what would go']],
  find: ({ projects }: { projects: string[] }, { client }) =>
    eachOf(projects, async (name) => {
      const [{ body }, { body: state }] = await Promise.all([
        client(api.getProject, ofProject({ project: name })),
        client(api.getProjectDeletable, ofProject({ project: name })),
      ])
      const obstacle = state.deletable ? '' : `, which will be refused: ${state.message ?? 'it is not empty'}`
      const holds = `it holds ${count(body.repo_count, 'repository')}${obstacle}`
      const says = `project ${body.name} with its members, robots and rules will be deleted; ${holds}`
      return { name: body.name, says, call: ofProject({ project: name }) }
    }),
  wayBack: 'A deleted project cannot be restored.',
})

const summary = showing({
  operation: api.getProjectSummary,
  name: 'summary',
  about: 'show figures of a project: members, quota',
  arguments: [project],
  shape: {
    kind: 'summary',
    name: () => '',
    columns: [
      { name: 'repositories', of: (row) => row.repo_count },
      { name: 'used', of: ({ quota }) => quota && size(quota.used['storage'] ?? 0) },
      { name: 'limit', of: ({ quota }) => quota && limitText(quota.hard['storage']) },
      { name: 'project admins', of: (row) => row.project_admin_count },
      { name: 'maintainers', of: (row) => row.maintainer_count },
      { name: 'developers', of: (row) => row.developer_count },
      { name: 'guests', of: (row) => row.guest_count },
      { name: 'limited guests', of: (row) => row.limited_guest_count },
    ],
  } satisfies Shape<Static<typeof api.ProjectSummary>>,
  call: ofProject,
})

/** A limit of the API: -1 for none. */
export const limitText = (bytes = -1): string => (bytes < 0 ? 'none' : size(bytes))

export const verbs: Verb[] = [list, show, create, update, remove, summary]
