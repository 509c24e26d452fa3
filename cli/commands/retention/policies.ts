import { readFileSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import type { Static } from 'typebox'
import { convertRetention } from '../../../api/retention-preview.ts'
import * as api from '../../../api/retention.ts'
import { getProject } from '../../../api/projects.ts'
import type { Shape } from '../../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../../lib/problem.ts'
import { count } from '../../lib/text.ts'
import type { Call, Option, Verb } from '../../lib/verb.ts'
import { deleting, idOf } from '../../lib/words.ts'
import { project } from '../projects.ts'

type Policy = Static<typeof api.RetentionPolicy>
type Rule = Static<typeof api.OrderedRule>

/** A project, with the id of its policy if it has one. */
async function findProject({ client }: Call, name: string): Promise<{ id: number; policyId: number | undefined }> {
  const { body } = await client(getProject, { params: { project_name_or_id: name } })
  const text = body.metadata?.['retention_id']
  return { id: body.project_id, policyId: text === undefined ? undefined : Number(text) }
}

/** The ids of a project and its policy. Throws Problem when the project has none. */
export async function getPolicyOf(call: Call, name: string): Promise<{ projectId: number; policyId: number }> {
  const { id: projectId, policyId } = await findProject(call, name)
  if (policyId !== undefined) return { projectId, policyId }
  throw new Problem(`project ${name} has no retention policy of its own`, {
    exitCode: exitCodes.absent,
    wayOut: `marina retention set ${name} --rules <file>`,
  })
}

/** The id of a project, for previews. */
export const idOfProject = async (call: Call, name: string): Promise<number> => (await findProject(call, name)).id

const shape: Shape<Rule & { place: number }> = {
  kind: 'rule',
  name: ({ place }) => String(place),
  columns: [
    { name: 'rule', of: ({ place }) => place },
    { name: 'does', of: ({ action }) => action, style: ({ action }) => (action === 'keep' ? 'good' : 'bad') },
    { name: 'picks', of: conditionsOf, shrinks: true },
    { name: 'called', of: ({ name }) => name, shrinks: true, style: () => 'dim' },
    { name: 'on', of: ({ disabled }) => (disabled ? 'no' : 'yes') },
  ],
}

/** What a rule picks, as short as a table needs it; JSON has it whole. */
function conditionsOf(rule: Rule): string {
  const chosen = (what: string, all: { pattern: string; excludes?: boolean }[] | undefined) =>
    all?.length
      ? [`${what} ${all.map(({ pattern, excludes }) => (excludes ? `not ${pattern}` : pattern)).join(', ')}`]
      : []
  const days = (what: string, number: number | undefined) =>
    number === undefined ? [] : [`${what} ${count(number, 'day')}`]
  const { newest } = rule
  const all = [
    ...chosen('repositories', rule.repositories),
    ...chosen('tags', rule.tags),
    ...(rule.labels?.length ? [`label ${rule.labels.join(' or ')}`] : []),
    ...(rule.signed === undefined ? [] : [rule.signed ? 'signed' : 'not signed']),
    ...days('pushed within', rule.pushed_within_days),
    ...days('pulled within', rule.pulled_within_days),
    ...days('not pushed for', rule.not_pushed_days),
    ...days('not pulled for', rule.not_pulled_days),
    ...(newest ? [`newest ${newest.count} by ${newest.by ?? 'pushed'} per ${newest.per ?? 'repository'}`] : []),
  ]
  return all.join(', ') || 'everything'
}

const show: Verb<{ project: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show the retention policy of a project: its rules in order, and when it runs',
  arguments: [project],
  examples: [['marina retention show team -o json > rules.json', 'as retention set takes it']],
  async run({ project: name }, call) {
    const { client, out } = call
    const { policyId: id } = await getPolicyOf(call, name)
    const { body } = await client(api.getRetention, { params: { id } })
    if (out.format !== 'table') return out.row({ kind: 'policy', name: () => String(id), columns: [] }, body)
    const { body: rules } = await client(convertRetention, { params: { id } })
    await out.rows(
      shape,
      rules.ordered_rules.map((rule, at) => ({ ...rule, place: at + 1 })),
    )
    const what = rules.decides === 'tag' ? 'each tag' : 'all tags of an artifact together'
    out.remark(`policy ${id} of project ${name} decides about ${what}; the first rule that picks it counts`)
    const cron = cronOf(body)
    out.remark(cron === '' ? 'it runs when somebody runs it' : `it runs by schedule: ${cron} (UTC)`)
  },
}

const cronOf = ({ trigger }: Policy): string =>
  typeof trigger?.settings?.['cron'] === 'string' ? trigger.settings['cron'] : ''

export const rulesOption: Option = {
  flags: '--rules <file>',
  about: 'rules as JSON, in the form of the API; - is stdin',
}

/** Reads rules from a file. Throws Problem for what is no object in JSON. */
export async function readRules(file: string): Promise<Policy> {
  const words = await read(file)
  try {
    const value: unknown = JSON.parse(words)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (error) {
    throw wrongUsage(`the rules (--rules) are not JSON: ${(error as Error).message}`)
  }
  throw wrongUsage('the rules (--rules) are not an object in JSON', 'docs/operate/retention.md has examples')
}

async function read(file: string): Promise<string> {
  try {
    return file === '-' ? await readAll(process.stdin) : readFileSync(file, 'utf8')
  } catch (error) {
    throw wrongUsage(`the rules (--rules) cannot be read: ${(error as Error).message}`)
  }
}

const set: Verb<{ project: string; rules: string; cron?: string }> = {
  name: 'set',
  about: 'give a project these rules, in place of those that it has; nothing is deleted by that',
  arguments: [project],
  options: [
    { ...rulesOption, isRequired: true },
    { flags: '--cron <schedule>', about: 'when it runs by itself, in UTC, six fields; "" for never' },
  ],
  examples: [
    ["marina retention set team --rules rules.json --cron '0 0 3 * * *'", 'every night'],
    ['marina retention preview team --rules rules.json', 'before that: what it would do'],
  ],
  async run({ project: name, rules: file, cron }, call) {
    const given = await readRules(file)
    const { id: ref, policyId } = await findProject(call, name)
    const trigger =
      cron === undefined
        ? (given.trigger ?? { kind: 'Schedule', settings: { cron: '' } })
        : { kind: 'Schedule', settings: { cron } }
    const body = { ...given, id: policyId ?? 0, trigger, scope: { level: 'project', ref } }
    if (policyId !== undefined) {
      await call.client(api.updateRetention, { params: { id: policyId }, body })
      return call.out.done(`changed policy ${policyId} of project ${name}`, String(policyId))
    }
    const { headers } = await call.client(api.createRetention, { body })
    await call.out.done(`created policy ${idOf(headers)} of project ${name}`, String(idOf(headers)))
  },
}

const remove = deleting({
  operation: api.deleteRetention,
  kind: 'policy',
  about: 'delete the retention policy of a project; what it has deleted stays deleted',
  arguments: [project],
  async find({ project: name }: { project: string }, call) {
    const { policyId: id } = await getPolicyOf(call, name)
    const says = `the retention policy of project ${name} will be deleted, with its schedule: everything is kept then`
    return [{ name: `${id} of project ${name}`, says, call: { params: { id } } }]
  },
})

export const policyVerbs: Verb[] = [show, set, remove]
