import { existsSync } from 'node:fs'
import type { Static } from 'typebox'
import type { ExecHistory } from '../../api/jobs.ts'
import * as api from '../../api/vulndb.ts'
import { artifactName, splitArtifact } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { Problem, wrongUsage } from '../lib/problem.ts'
import { time } from '../lib/text.ts'
import type { Call, Verb } from '../lib/verb.ts'
import { isOver, styleOf, watch } from '../lib/watch.ts'
import { idOf, listing } from '../lib/words.ts'

type Run = Static<typeof ExecHistory>
type Counts = { source?: string; advisories?: number; packages?: number; skipped?: number }

function countsOf({ job_parameters: text }: Pick<Run, 'job_parameters'>): Counts {
  try {
    return JSON.parse(text) as Counts
  } catch {
    return {}
  }
}

const artifactType = 'application/vnd.marina.vulndb.v1'

const take: Verb<{ source: string[]; to: string; wait: boolean }> = {
  name: 'import',
  about: 'take a database of vulnerabilities into use, in the place of the one before',
  arguments: [
    {
      name: 'source',
      about: 'an artifact in this Marina, or files and folders, which become one: see --to',
      isMany: true,
    },
  ],
  options: [
    { flags: '--to <artifact>', about: 'where files are pushed to first', fallback: 'library/vulndb:latest' },
    { flags: '--no-wait', about: 'do not wait for the end' },
  ],
  examples: [
    ['marina vulndb import Debian.zip npm.zip', 'zips of osv.dev, as they are'],
    ['marina vulndb import ./records epss.csv kev.json', 'a folder of OSV records, scores of EPSS, the list of CISA'],
    ['marina vulndb import library/vulndb:latest', 'what was pushed there, by oras or a replication'],
  ],
  async run({ source, to, wait }, call) {
    const name = await sourceOf(source, to, call)
    const body = { schedule: { type: 'Manual' as const }, parameters: { source: name } }
    const id = idOf((await call.client(api.imports.createSchedule, { body })).headers)
    if (!wait) return call.out.done(`import ${id} has begun: marina vulndb list`, String(id))
    const ended = await follow(call, id)
    const { advisories = 0, packages = 0, skipped = 0 } = countsOf(ended)
    const words = `${advisories} advisories on ${packages} packages are in use; records left out: ${skipped}`
    await call.out.done(words, String(id), ended)
  },
}

/** The artifact to import; files are pushed first. */
async function sourceOf(given: string[], to: string, { place, out }: Call): Promise<string> {
  const [only] = given
  if (given.length === 1 && !existsSync(only!)) {
    const { repository, reference } = splitArtifact(only!)
    if (reference === undefined || !repository.includes('/'))
      throw wrongUsage(`${only} is no file, and names no artifact`, 'such as ./osv.zip or library/vulndb:latest')
    return only!
  }
  const missing = given.find((path) => !existsSync(path))
  if (missing !== undefined) throw wrongUsage(`there is no file ${missing}`)
  const { repository, reference: tag } = splitArtifact(to)
  if (tag === undefined || tag.includes(':'))
    throw wrongUsage('--to is an artifact with a tag, such as library/vulndb:latest')
  const { pushFiles } = await import('../lib/push.ts')
  const digest = await pushFiles(place(), { repository, tag, artifactType }, given)
  out.remark(`pushed to ${artifactName(repository, tag)}`)
  return artifactName(repository, digest)
}

async function follow({ client }: Call, id: number): Promise<Run> {
  const params = { import_id: id }
  const ended = await watch({
    name: `import ${id}`,
    hint: `the import goes on: marina vulndb list`,
    read: async () => (await client(api.imports.getRun, { params })).body,
    isOver: (row) => isOver(row.job_status),
    step: (row) => ({
      done: countsOf(row).advisories ?? 0,
      total: undefined,
      text: `${row.job_status.toLowerCase()}, advisories: ${countsOf(row).advisories ?? 0}`,
    }),
  })
  if (ended.job_status === 'Success') return ended
  const { body: log } = await client(api.imports.getRunLog, { params })
  const last = (log.trimEnd().split('\n').at(-1) ?? '').replace(/^\S+ \[[A-Z]+\] /, '')
  throw new Problem(`import ${id} ended as ${ended.job_status}: ${last}`, {
    wayOut: 'what was in use before is still in use: marina vulndb status',
  })
}

type State = Static<typeof api.Vulndb>

const statusShape: Shape<State> = {
  kind: 'database',
  name: ({ current }) => current?.source ?? 'none',
  columns: [
    { name: 'state', of: ({ state }) => state, style: ({ state }) => (state === 'ok' ? 'good' : 'bad') },
    { name: 'source', of: ({ current }) => current?.source },
    { name: 'imported', of: ({ current }) => current && time(current.imported_at) },
    { name: 'newest record', of: ({ current }) => current && time(current.data_at) },
    { name: 'advisories', of: ({ current }) => current?.advisories },
    { name: 'packages', of: ({ current }) => current?.packages },
    { name: 'scores', of: ({ current }) => current?.scores },
    { name: 'statements', of: ({ current }) => current?.statements },
    { name: 'ecosystems', of: ({ current }) => current && several(current.ecosystems) },
    { name: 'left out', of: ({ current }) => current && skippedOf(current.skipped) },
  ],
}

const several = (all: Record<string, { advisories: number }>): string =>
  Object.entries(all)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { advisories }]) => `${name} (${advisories})`)
    .join(', ')

const skippedOf = (all: Record<string, number>): string =>
  Object.entries(all)
    .map(([why, number]) => `${number}: ${why}`)
    .join('; ')

const status: Verb = {
  name: 'status',
  aliases: ['show'],
  about: 'what the database holds, and how old it is',
  async run(_, { client, out }) {
    await out.row(statusShape, (await client(api.getVulndb)).body)
  },
}

const list = listing({
  operation: api.imports.listRuns,
  about: 'list the imports, newest first',
  most: 20,
  shape: {
    kind: 'import',
    name: ({ id }: Run) => String(id),
    columns: [
      { name: 'id', of: ({ id }: Run) => id },
      { name: 'status', of: (row: Run) => row.job_status, style: (row: Run) => styleOf(row.job_status) },
      { name: 'source', of: (row: Run) => countsOf(row).source },
      { name: 'advisories', of: (row: Run) => countsOf(row).advisories },
      { name: 'left out', of: (row: Run) => countsOf(row).skipped },
      { name: 'began', of: (row: Run) => time(row.creation_time), style: () => 'dim' as const },
    ],
  },
})

const ofRun = ({ import: id }: { import: string }) => {
  if (!/^\d{1,15}$/.test(id)) throw wrongUsage(`${id} is not the id of an import`, 'marina vulndb list')
  return { params: { import_id: Number(id) } }
}

const log: Verb<{ import: string }> = {
  name: 'log',
  aliases: ['logs'],
  about: 'read the log of an import, as far as it is written',
  arguments: [{ name: 'import', about: 'its id, as vulndb list shows it' }],
  async run(given, { client, out }) {
    out.text((await client(api.imports.getRunLog, ofRun(given))).body)
  },
}

const remove: Verb = {
  name: 'delete',
  aliases: ['rm'],
  about: 'delete the database; reports then say that there is none',
  asksFirst: true,
  async run(_, call) {
    const { body } = await call.client(api.getVulndb)
    if (!body.current) throw new Problem('there is no database of vulnerabilities')
    const says = `The database of ${body.current.source} will be deleted: ${body.current.advisories} advisories.`
    if (!(await call.confirm([says, 'The artifact that it was read from stays.'], 'Go on?'))) return
    await call.client(api.deleteVulndb)
    await call.out.done('deleted the database of vulnerabilities', body.current.source)
  },
}

const types: Record<string, 'Hourly' | 'Daily' | 'Weekly' | 'None'> = {
  hourly: 'Hourly',
  daily: 'Daily',
  weekly: 'Weekly',
  none: 'None',
}

const schedule: Verb<{ when?: string; source?: string }> = {
  name: 'schedule',
  about: 'show when an artifact is imported, or set that',
  arguments: [{ name: 'when', about: 'hourly, daily, weekly, none, or six fields of cron in UTC', isOptional: true }],
  options: [{ flags: '--source <artifact>', about: 'what to import', fallback: 'library/vulndb:latest' }],
  examples: [['marina vulndb schedule daily', 'imports library/vulndb:latest each midnight, if it has changed']],
  async run({ when, source = '' }, { client, out }) {
    const { body: before } = await client(api.imports.getSchedule)
    if (when === undefined) {
      const text = before.schedule
        ? `${before.schedule.cron} UTC: ${countsOf(before as Run).source}`
        : 'there is no schedule'
      return out.done(text, before.schedule?.cron ?? 'none', before)
    }
    const type = types[when.toLowerCase()]
    const plan = type === undefined ? { type: 'Custom' as const, cron: when } : { type }
    const body = { schedule: plan, parameters: { source } }
    await client(before.schedule === undefined ? api.imports.createSchedule : api.imports.updateSchedule, { body })
    await out.done(type === 'None' ? 'imports are by hand alone' : `${source} is imported ${when}`, when)
  },
}

export const verbs: Verb[] = [take, status, list, log, schedule, remove]
