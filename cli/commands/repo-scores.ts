import type { Static } from 'typebox'
import { getProject } from '../../api/projects.ts'
import { deleteRepository } from '../../api/repositories.ts'
import * as api from '../../api/scores.ts'
import { parseRepository } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { parseLimit } from '../lib/pages.ts'
import { Problem, wrongUsage } from '../lib/problem.ts'
import { openProgress } from '../lib/progress.ts'
import { ask } from '../lib/prompt.ts'
import { count, size, time } from '../lib/text.ts'
import type { Call, Option, Verb } from '../lib/verb.ts'
import { limitOption } from '../lib/words.ts'

type Scored = Static<typeof api.ScoredRepository>
type Lowest = Static<typeof api.LowestRepositories>
type Simulated = Static<typeof api.SimulatedRepository>
type Preset = 'default' | 'few-tags'
type Asked = { project?: string; preset?: Preset }

const askedOptions: Option[] = [
  { flags: '--project <name>', about: 'only repositories of this project', complete: 'project' },
  { flags: '--preset <name>', about: 'these rules instead of those in force', choices: ['default', 'few-tags'] },
]

async function queryOf(
  { project, preset }: Asked,
  { client }: Call,
): Promise<{ project_ids?: string; preset?: Preset }> {
  const query = preset === undefined ? {} : { preset }
  if (project === undefined) return query
  const { body } = await client(getProject, { params: { project_name_or_id: project } })
  return { ...query, project_ids: String(body.project_id) }
}

/** A number of hundredths as people write it: 85 is 0.85. */
const decimal = (hundredths: number): string => (hundredths / 100).toFixed(2)
const factor =
  (name: string) =>
  ({ factors }: Scored) => {
    const found = factors[name]
    return found && `${found.value} (${decimal(found.share)})`
  }

/** Clusters are named to those who may delete the repository. */
const runsIn = ({ running, running_in: places }: Scored) => (running ? (places ?? 'yes') : undefined)

const shape: Shape<Scored> = {
  kind: 'repository',
  name: ({ name }) => name,
  columns: [
    { name: 'score', of: ({ score }) => decimal(score) },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'days', of: factor('last_pull_days') },
    { name: 'pulls', of: factor('pull_count') },
    { name: 'tags', of: factor('tags_count') },
    { name: 'pulled', of: (row) => time(row.last_pull_time), style: () => 'dim' },
    { name: 'pushed', of: (row) => time(row.last_push_time), style: () => 'dim' },
    { name: 'runs', of: runsIn, shrinks: true, style: () => 'good' },
  ],
}

const top: Verb<{ count: string; project?: string }> = {
  name: 'top',
  about: 'list the repositories that are pulled most',
  options: [
    { flags: '-c, --count <repositories>', about: 'how many', fallback: '10' },
    { flags: '--project <name>', about: 'only repositories of this project', complete: 'project' },
  ],
  examples: [
    ['marina repos top', 'the first ten'],
    ['marina repos top -c 100 -o json', 'a list of name and count'],
  ],
  async run({ count: text, project }, call) {
    const query = {
      ...(await queryOf(project === undefined ? {} : { project }, call)),
      count: parseCount(text, 10_000),
    }
    const { body } = await call.client(api.listTopRepositories, { query })
    await call.out.rows(
      topShape,
      body.map(({ name, pull_count: pulls }) => ({ name, count: pulls })),
    )
  },
}

const topShape: Shape<{ name: string; count: number }> = {
  kind: 'repository',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'count', of: (row) => row.count },
  ],
}

function parseCount(text: string, most: number): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1 || Number(text) > most)
    throw wrongUsage(`the count is a number from 1 to ${most}, not ${text}`)
  return Number(text)
}

const score: Verb<Asked & { limit: string }> = {
  name: 'score',
  aliases: ['scores'],
  about: 'list repositories by how much they are used, the least used first',
  options: [...askedOptions, limitOption(20)],
  examples: [
    ['marina repos score', 'the twenty least used'],
    ['marina repos score --project team --preset few-tags --limit 0', 'all of a project, by other rules'],
  ],
  async run({ limit, ...asked }, call) {
    const query = await queryOf(asked, call)
    const { rows, total } = await call.pages(api.listRepositoryScores, { query }, parseLimit(limit))
    await call.out.rows(shape, rows, total)
  },
}

const simulate: Verb<Asked & { days: string; count: string }> = {
  name: 'simulate',
  about: 'find the pulls that would have failed if the least used had been deleted some days ago',
  options: [
    { flags: '-d, --days <days>', about: 'how long ago', fallback: '30' },
    { flags: '-c, --count <repositories>', about: 'how many would have been deleted', fallback: '10' },
    ...askedOptions,
  ],
  examples: [['marina repos simulate --days 30 --count 20', 'what deleting twenty of them would have broken']],
  async run({ days, count: text, preset, ...asked }, call) {
    const { project_ids: ids } = await queryOf(asked, call)
    const body = {
      days: parseCount(days, 366),
      count: parseCount(text, 100),
      ...(preset === undefined ? {} : { preset }),
      ...(ids === undefined ? {} : { project_ids: [Number(ids)] }),
    }
    const { body: found } = await call.client(api.simulateRepositoryScores, { body })
    await call.out.rows(simulatedShape, found.repositories)
    call.out.remark(
      `${count(found.failed_pulls, 'pull')} since ${found.from} would have failed, ` +
        `of those recorded from ${found.recorded_from ?? 'now'} on`,
    )
  },
}

const simulatedShape: Shape<Simulated> = {
  kind: 'repository',
  name: ({ name }) => name,
  columns: [
    { name: 'score then', of: (row) => decimal(row.score) },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'failed pulls', of: (row) => row.failed_pulls },
    { name: 'last on', of: (row) => row.last_failed_day },
    { name: 'runs', of: runsIn, shrinks: true, style: () => 'good' },
  ],
}

/** The most repositories that are deleted at once (S2-24). */
const mostAtOnce = 50

const clean: Verb<Asked & { count?: string; dryRun?: true }> = {
  name: 'clean',
  about: 'delete the least used repositories, lowest score first; asks how many',
  options: [
    { flags: '-c, --count <repositories>', about: `how many, from 1 to ${mostAtOnce}; asked for at a terminal` },
    ...askedOptions,
  ],
  asksFirst: true,
  examples: [
    ['marina repos clean', 'shows them, asks how many, and asks again'],
    ['marina repos clean --count 5 --dry-run', 'what would go, and what that would free'],
    ['marina repos clean --project team --count 5 --yes', 'in a script'],
  ],
  async run({ count: text, dryRun, ...asked }, call) {
    const query = await queryOf(asked, call)
    const lowest = async (most: number) =>
      (await call.client(api.listLowestRepositories, { query: { ...query, count: most } })).body
    const wanted = text === undefined ? await askCount(call, await lowest(mostAtOnce), dryRun) : text
    if (wanted === undefined) return
    const chosen = await lowest(parseCount(wanted, mostAtOnce))
    if (chosen.repositories.length === 0) {
      for (const line of staying(chosen)) call.out.remark(line)
      return call.out.remark('there is no repository that you may delete')
    }
    if (!(await call.confirm(describe(chosen), 'Go on?'))) return
    await deleteAll(chosen, call)
  },
}

/** Shows the candidates and asks how many of them; undefined when there are none, or after a dry run. */
async function askCount({ out }: Call, lowest: Lowest, isDry = false): Promise<string | undefined> {
  const { repositories } = lowest
  if (!isDry && !process.stdin.isTTY) throw wrongUsage('say how many are to be deleted', 'by --count <repositories>')
  await out.rows(shape, repositories)
  for (const line of staying(lowest)) out.remark(line)
  if (isDry) out.remark('dry run: nothing was changed; --count <repositories> says what would go')
  if (isDry || repositories.length === 0) return undefined
  return ask(`How many of them, from the first? 1 to ${repositories.length}`)
}

/** What is left out although its score is low. */
const staying = ({ running }: Lowest): string[] =>
  running.map(
    ({ name, score, running_in: places }) => `repository ${name} stays, score ${decimal(score)}: it runs in ${places}`,
  )

function describe(lowest: Lowest): string[] {
  const { repositories, freed_bytes: bytes, restorable_seconds: seconds } = lowest
  return [
    ...staying(lowest),
    ...repositories.map((one) => {
      const use = `${count(one.pull_count, 'pull')}, the last ${time(one.last_pull_time)}`
      const tags = count(one.tags_count, 'tag')
      return `repository ${one.name} will be deleted: score ${decimal(one.score)}, ${use}, ${tags}`
    }),
    `${count(repositories.length, 'repository')}: ${size(bytes)} would be freed, ${whenFreed(seconds)}`,
  ]
}

const hours = (seconds: number) => count(Math.ceil(seconds / 3600), 'hour')
const whenFreed = (seconds: number): string =>
  seconds === 0
    ? 'by the next collection (marina gc run); this cannot be taken back'
    : `by a collection (marina gc run) after ${hours(seconds)}; until then: marina trash list <project>`

/** One that is refused, such as one with an immutable tag, stays and stops no other one. */
async function deleteAll({ repositories, restorable_seconds: seconds }: Lowest, call: Call): Promise<void> {
  const progress = openProgress('deleting', process.env)
  const refused: string[] = []
  for (const [at, { name }] of repositories.entries()) {
    progress.show({ done: at, total: repositories.length, text: '' })
    try {
      await call.client(deleteRepository, { params: parseRepository(name) })
      progress.end()
      await call.out.done(`deleted repository ${name}`, name)
    } catch (error) {
      refused.push(`${name} stays: ${(error as Error).message}`)
    }
  }
  progress.end()
  const projects = [...new Set(repositories.map(({ name }) => parseRepository(name).project_name))]
  if (seconds > 0)
    for (const project of projects)
      call.out.remark(`take back: marina trash list ${project}, then marina trash restore ${project} <id>`)
  call.out.remark('free their bytes: marina gc run')
  if (refused.length > 0) throw new Problem(refused.join('; '), { wayOut: 'the others are deleted' })
}

export const scoreVerbs: Verb[] = [top, score, simulate, clean]
