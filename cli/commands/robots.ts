import type { Static } from 'typebox'
import { ApiError } from '../../api/client.ts'
import { getProject } from '../../api/projects.ts'
import * as api from '../../api/robots.ts'
import { eachOf } from '../lib/each.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { readSecret } from '../lib/prompt.ts'
import { parseDays, parseRight, rightsOf } from '../lib/rights.ts'
import { time } from '../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../lib/verb.ts'
import { deleting, listing } from '../lib/words.ts'

type Robot = Static<typeof api.Robot>

const robot: Argument = { name: 'robot', about: 'its name as robots list shows it, or its id', complete: 'robot' }

const shape: Shape<Robot> = {
  kind: 'robot',
  name: ({ name }) => name,
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'state', of: stateOf, style: (row) => (stateOf(row).startsWith('active') ? 'good' : 'bad') },
    { name: 'expires', of: expiryOf, style: (row) => (row.expires_soon ? 'bad' : undefined) },
    { name: 'last used', of: (row) => time(row.last_used_time), style: () => 'dim' },
    { name: 'rights', of: ({ permissions }) => rightsOf(permissions), shrinks: true },
  ],
}

function stateOf({ disable, expires_at: end, old_secret_until: old }: Robot): string {
  if (disable) return 'disabled'
  if (end >= 0 && end * 1000 < Date.now()) return 'expired'
  return old === undefined ? 'active' : 'active, two secrets'
}

function expiryOf({ expires_at: end }: Pick<Robot, 'expires_at'>): string {
  return end < 0 ? 'never' : time(new Date(end * 1000).toISOString())
}

const projectOption: Option = {
  flags: '--project <name>',
  about: 'of this project (default: of the system)',
  complete: 'project',
}

const list = listing({
  operation: api.listRobots,
  shape,
  about: 'list the robots of the system, or of a project',
  options: [projectOption],
  examples: [
    ['marina robots list', 'those of the system, for its administrators'],
    ['marina robots list --project team', 'those of a project'],
  ],
  call: async ({ project }: { project?: string }, call) => ({
    query: project === undefined ? {} : { q: await ofProject(call, project) },
  }),
})

async function ofProject({ client }: Call, name: string): Promise<string> {
  const { body } = await client(getProject, { params: { project_name_or_id: name } })
  return `Level=project,ProjectID=${body.project_id}`
}

/**
 * Finds a robot by its id or its whole name, with the prefix of the server, `robot$` or `robot-`; `robot$team+ci` is
 * one of project team. Throws Problem.
 */
async function getRobot(call: Call, text: string): Promise<Robot> {
  if (/^\d{1,15}$/.test(text)) return (await call.client(api.getRobot, { params: { robot_id: Number(text) } })).body
  const plain = text.replace(knownPrefix, '')
  const isNamed = ({ name }: Robot) => name === text || (plain !== text && name.replace(knownPrefix, '') === plain)
  const places = text.includes('+') ? projectsIn(text) : [undefined]
  for (const projectName of places) {
    const found = await robotsIn(call, projectName)
    const robot = found.find(isNamed)
    if (robot) return robot
  }
  const [first] = places
  throw new Problem(`there is no robot ${text}`, {
    exitCode: exitCodes.absent,
    wayOut: `marina robots list${first === undefined ? '' : ` --project ${first}`} shows their whole names`,
  })
}

const knownPrefix = /^robot[$-]/

/** The projects that a name may mean: the server alone knows where its prefix ends. */
function projectsIn(text: string): string[] {
  const before = text.slice(0, text.indexOf('+'))
  return [...new Set([before.replace(knownPrefix, ''), before.replace(/^.*\$/, ''), before])]
}

/** None for a project that does not exist, or is none of mine. */
async function robotsIn(call: Call, projectName: string | undefined): Promise<Robot[]> {
  try {
    const query = projectName === undefined ? {} : { q: await ofProject(call, projectName) }
    return (await call.pages(api.listRobots, { query }, 0)).rows
  } catch (error) {
    if (error instanceof ApiError && projectName !== undefined && [403, 404].includes(error.status)) return []
    throw error
  }
}

const show: Verb<{ robot: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show a robot with its rights',
  arguments: [robot],
  async run({ robot: name }, call) {
    await call.out.row(shape, await getRobot(call, name))
  },
}

type CreateGiven = {
  name: string
  project?: string
  allow: string[]
  in?: string[]
  duration: string
  description?: string
  secretStdin?: true
}

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'create a robot; its secret is shown once',
  arguments: [{ name: 'name', about: 'without the prefix that the server puts before it' }],
  options: [
    { ...projectOption, about: 'a robot of this project (default: of the system)' },
    {
      flags: '--allow <right>',
      about: 'pull, push (and pull), or <resource>:<action>; may stand several times',
      isMany: true,
      isRequired: true,
    },
    {
      flags: '--in <project>',
      about: 'for a robot of the system: where the rights hold (default: *, every project; / for rights on the system)',
      isMany: true,
      complete: 'project',
    },
    { flags: '--duration <days>', about: 'how long it lives; never: for ever', fallback: '30' },
    { flags: '--description <text>', about: 'what it is for' },
    { flags: '--secret-stdin', about: 'read its secret from stdin (default: the server makes one)' },
  ],
  examples: [
    ['marina robots create ci --project team --allow push', 'for a build: push and pull in one project'],
    ['marina robots create mirror --allow pull --duration never', 'may pull from every project'],
    ['marina robots create ci --project team --allow push -o json | jq -r .secret', 'the secret alone'],
  ],
  async run(given, { client, out }) {
    const { name, project, allow, in: places = ['*'], description = '', secretStdin } = given
    if (project !== undefined && given.in)
      throw wrongUsage('--in is for robots of the system, --project for one of a project')
    const access = allow.flatMap(parseRight)
    const permissions = (project === undefined ? places : [project]).map((namespace) => ({
      kind: namespace === '/' ? 'system' : 'project',
      namespace,
      access,
    }))
    const level = project === undefined ? 'system' : 'project'
    const secret = secretStdin ? { secret: await readSecret() } : {}
    const body = { name, level, duration: parseDays(given.duration), description, permissions, ...secret }
    const { body: made } = await client(api.createRobot, { body })
    await out.done(secretText(`created robot ${made.name}, expires ${expiryOf(made)}`, made), made.name, made)
  },
}

const secretText = (sentence: string, { name, secret }: { name: string; secret?: string | undefined }) =>
  secret === undefined || secret === ''
    ? sentence
    : `${sentence}\nname    ${name}\nsecret  ${secret}\nThe secret is shown this once.`

type RefreshGiven = { robot: string; secretStdin?: true; keepOld?: string }

const refresh: Verb<RefreshGiven> = {
  name: 'refresh',
  about: 'give a robot a new secret; the old one stops working at once, or after some hours',
  arguments: [robot],
  options: [
    { flags: '--secret-stdin', about: 'read it from stdin (default: the server makes one)' },
    { flags: '--keep-old <hours>', about: 'the old secret works so long (default: as the server says)' },
  ],
  asksFirst: true,
  examples: [
    ["marina robots refresh 'robot$team+ci'", 'asks first, then shows the new secret once'],
    ["marina robots refresh 'robot$team+ci' --keep-old 24", 'programs may change over within a day'],
  ],
  async run({ robot: name, secretStdin, keepOld }, call) {
    const hours = keepOld === undefined ? {} : { old_secret_hours: parseHours(keepOld) }
    const found = await getRobot(call, name)
    const says = `robot ${found.name} gets a new secret; ${fateOfOld(keepOld)}`
    const used = `It was last used: ${time(found.last_used_time)}`
    if (!(await call.confirm([says, used], 'Go on?'))) return
    const body = { ...hours, ...(secretStdin ? { secret: await readSecret() } : {}) }
    const answer = await call.client(api.refreshRobotSecret, { params: { robot_id: found.id }, body })
    const made = { id: found.id, name: found.name, ...answer.body }
    await call.out.done(secretText(`robot ${found.name} has a new secret`, made), found.name, made)
  },
}

const fateOfOld = (hours: string | undefined) =>
  hours === undefined || hours === '0' ? 'programs with the old one are shut out' : `the old one works for ${hours} h`

function parseHours(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw wrongUsage(`--keep-old is a number of hours, not ${text}`)
  return Number(text)
}

const endOld: Verb<{ robot: string }> = {
  name: 'end-old-secret',
  about: 'end the secret before the present one, which works beside it since the last refresh',
  arguments: [robot],
  async run({ robot: text }, call) {
    const { id, name } = await getRobot(call, text)
    await call.client(api.endOldRobotSecret, { params: { robot_id: id } })
    await call.out.done(`robot ${name} has one secret alone`, name)
  },
}

/** `enable` and `disable`. */
const switching = (name: 'enable' | 'disable', about: string): Verb<{ robot: string }> => ({
  name,
  about,
  arguments: [robot],
  async run({ robot: text }, call) {
    const { id, name: whole, permissions, level, duration, description } = await getRobot(call, text)
    const body = { id, name: whole, level, duration, description, permissions, disable: name === 'disable' }
    await call.client(api.updateRobot, { params: { robot_id: id }, body })
    await call.out.done(`${name}d robot ${whole}`, whole)
  },
})

const remove = deleting({
  operation: api.deleteRobot,
  kind: 'robot',
  about: 'delete robots; programs that use them are shut out',
  arguments: [{ ...robot, name: 'robots', isMany: true }],
  find: ({ robots }: { robots: string[] }, call) =>
    eachOf(robots, async (text) => {
      const { id, name, ...row } = await getRobot(call, text)
      const says = `robot ${name} (last used: ${time(row.last_used_time)}) will be deleted`
      return { name, says, call: { params: { robot_id: id } } }
    }),
})

export const verbs: Verb[] = [
  list,
  show,
  create,
  refresh,
  endOld,
  switching('disable', 'let a robot do nothing until it is enabled again'),
  switching('enable', 'let a disabled robot work again'),
  remove,
]
