import type { Verb } from './lib/verb.ts'

/** A command that stands alone, such as `login`. */
type Alone = Omit<Verb, 'name' | 'about'>

/**
 * A client command: a noun with verbs, or a verb that stands alone. What it needs to run is loaded when it is used, so
 * that each command starts fast.
 */
export type ClientCommand = { name: string; aliases?: string[]; about: string; load(): Promise<Verb[] | Alone> }

const login = () => import('./commands/login.ts')

/** All commands that talk to a running Marina, in the order of the help. */
export const clientCommands: ClientCommand[] = [
  {
    name: 'login',
    about: 'log in to a server, and save that for later commands',
    load: async () => (await login()).login,
  },
  { name: 'logout', about: 'forget a saved login', load: async () => (await login()).logout },
  { name: 'whoami', about: 'who am I, and at which server?', load: async () => (await login()).whoami },
  noun('contexts', 'saved logins of several servers', () => import('./commands/contexts.ts'), ['context']),
  noun('projects', 'groups of repositories with members and rules', () => import('./commands/projects.ts'), [
    'project',
  ]),
  noun('repos', 'repositories of a project', () => import('./commands/repos.ts'), ['repo', 'repositories']),
  noun('artifacts', 'images, charts and all else in a repository', () => import('./commands/artifacts.ts'), [
    'artifact',
  ]),
  {
    name: 'sbom',
    about: 'read what is in an image: its software bill of materials',
    load: async () => (await import('./commands/sbom.ts')).sbom,
  },
  noun('scan-all', 'scans of all images for vulnerabilities', () => import('./commands/scan-all.ts')),
  noun('cves', 'vulnerabilities that were found in images', () => import('./commands/cves.ts'), ['cve', 'hub']),
  {
    name: 'scan',
    about: 'have an image scanned for vulnerabilities, and list them',
    load: async () => (await import('./commands/scan.ts')).scan,
  },
  {
    name: 'vuln',
    about: 'what is known to be wrong with the packages of an image',
    load: async () => (await import('./commands/vuln.ts')).vuln,
  },
  {
    name: 'packages',
    about: 'find the images that have a package or a vulnerability',
    load: async () => (await import('./commands/packages.ts')).packages,
  },
  noun('vulndb', 'the database of vulnerabilities: import, state', () => import('./commands/vulndb.ts')),
  {
    name: 'signatures',
    about: 'who signed an image, and whether its project trusts them',
    load: async () => (await import('./commands/signatures.ts')).signatures,
  },
  noun('trust', 'whose signatures a project trusts, and asks for', () => import('./commands/trust.ts')),
  noun('tags', 'names of artifacts in a repository', () => import('./commands/tags.ts'), ['tag']),
  noun('trash', 'deletions that can be taken back', () => import('./commands/trash.ts')),
  noun('members', 'who has which role in a project', () => import('./commands/members.ts'), ['member']),
  noun('robots', 'accounts for programs', () => import('./commands/robots.ts'), ['robot']),
  noun('tokens', 'secrets by which programs act for me', () => import('./commands/tokens.ts'), ['token']),
  noun('workloads', 'whose tokens pipelines and clusters push and pull with', () => import('./commands/workloads.ts'), [
    'workload',
  ]),
  noun('users', 'accounts for people', () => import('./commands/users.ts'), ['user']),
  noun('labels', 'marks on artifacts', () => import('./commands/labels.ts'), ['label']),
  noun('quotas', 'how much a project may store', () => import('./commands/quotas.ts'), ['quota']),
  noun('immutable', 'rules that keep tags as they are', () => import('./commands/immutable.ts')),
  noun('retention', 'what stays of tags and images, and why', () => import('./commands/retention/index.ts')),
  noun('webhooks', 'messages to other programs', () => import('./commands/webhooks.ts'), ['webhook']),
  noun('endpoints', 'other registries that are copied from and to', () => import('./commands/endpoints.ts'), [
    'endpoint',
  ]),
  noun('caches', 'projects that cache another registry', () => import('./commands/caches.ts'), ['cache-projects']),
  noun(
    'replication',
    'copies between registries: policies and their runs',
    () => import('./commands/replication/index.ts'),
  ),
  noun('gc', 'the garbage collection', () => import('./commands/gc.ts')),
  noun('jobs', 'work in the background: queues, workers, logs', () => import('./commands/jobs.ts'), ['job']),
  noun('audit', 'who did what, and when', () => import('./commands/audit.ts')),
  noun('system', 'state and figures of the server', () => import('./commands/system.ts')),
]

function noun(
  name: string,
  about: string,
  load: () => Promise<{ verbs: Verb[] }>,
  aliases: string[] = [],
): ClientCommand {
  return { name, aliases, about, load: async () => (await load()).verbs }
}

/** Called by completion scripts; in no help. */
const complete: ClientCommand = {
  name: '__complete',
  about: 'list names for completion',
  load: async () => (await import('./commands/complete.ts')).complete,
}

/** The client command of this name or alias, if there is one. */
export const findClientCommand = (word: string | undefined): ClientCommand | undefined =>
  [...clientCommands, complete].find(({ name, aliases = [] }) => name === word || aliases.includes(word ?? ''))
