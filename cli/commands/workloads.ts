import { readFileSync } from 'node:fs'
import type { Static } from 'typebox'
import * as api from '../../api/workloads.ts'
import { eachOf } from '../lib/each.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { readSecret } from '../lib/prompt.ts'
import { parseRight, rightsOf } from '../lib/rights.ts'
import { time } from '../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../lib/verb.ts'
import { callWith } from '../lib/pages.ts'
import { idOf } from '../lib/words.ts'

type Rule = Static<typeof api.WorkloadRule>
type Condition = Static<typeof api.ClaimRule>
type Verdict = Static<typeof api.WorkloadTest>['rules'][number]

const rule: Argument = { name: 'rule', about: 'its name or id, as workloads list shows it' }
const projectOption: Option = {
  flags: '--project <name>',
  about: 'of this project (default: of the system)',
  complete: 'project',
}
const paramsOf = (project: string) => ({ project_name_or_id: project })

const shape: Shape<Rule> = {
  kind: 'trust rule',
  name: ({ name }) => name,
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'issuer', of: ({ issuer }) => issuer.replace(/^https:\/\//, ''), shrinks: true },
    { name: 'claims', of: ({ claims }) => claims.map(writeCondition).join(', '), shrinks: true },
    { name: 'rights', of: ({ permissions }) => rightsOf(permissions), shrinks: true },
    { name: 'on', of: ({ disable }) => (disable ? 'no' : 'yes'), style: ({ disable }) => (disable ? 'dim' : 'good') },
    { name: 'last used', of: (row) => time(row.last_used_time), style: () => 'dim' },
  ],
}

const writeCondition = ({ claim, equals, matches }: Condition) =>
  equals === undefined ? `${claim}~${matches}` : `${claim}=${equals}`

async function rulesIn({ pages }: Call, project: string | undefined): Promise<Rule[]> {
  if (project === undefined) return (await pages(api.listWorkloadRules, {}, 0)).rows
  return (await pages(api.listProjectWorkloadRules, { params: paramsOf(project) }, 0)).rows
}

const list: Verb<{ project?: string }> = {
  name: 'list',
  aliases: ['ls'],
  about: 'list the trust rules of the system, or of a project',
  options: [projectOption],
  async run({ project }, call) {
    await call.out.rows(shape, await rulesIn(call, project))
  },
}

async function getRule(call: Call, project: string | undefined, text: string): Promise<Rule> {
  const found = (await rulesIn(call, project)).find(({ id, name }) => name === text || String(id) === text)
  if (found) return found
  const list = `marina workloads list${project === undefined ? '' : ` --project ${project}`}`
  throw new Problem(`there is no trust rule ${text}`, { exitCode: exitCodes.absent, wayOut: list })
}

const show: Verb<{ rule: string; project?: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show a trust rule',
  arguments: [rule],
  options: [projectOption],
  async run({ rule: text, project }, call) {
    await call.out.row(shape, await getRule(call, project, text))
  },
}

type CreateGiven = {
  name: string
  project?: string
  issuer: string
  keys?: string
  audience: string
  claim: string[]
  allow: string[]
  in?: string[]
  repository?: string[]
  duration: string
  oneUse?: true
  description?: string
}

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'trust tokens of an issuer with these claims; the rule gives no more than I may do',
  arguments: [{ name: 'name', about: 'of the rule' }],
  options: [
    { ...projectOption, about: 'a rule of this project (default: of the system)' },
    { flags: '--issuer <url>', about: 'the iss of the tokens', isRequired: true },
    { flags: '--keys <file>', about: 'its keys (JSON Web Key Set), where Marina cannot reach the issuer' },
    { flags: '--audience <text>', about: 'what must be in the aud of the tokens', isRequired: true },
    {
      flags: '--claim <condition>',
      about: '<claim>=<text> exactly, or <claim>~<pattern>; may stand several times, all must hold',
      isMany: true,
      isRequired: true,
    },
    {
      flags: '--allow <right>',
      about: 'pull, push (and pull), or <resource>:<action>; may stand several times',
      isMany: true,
      isRequired: true,
    },
    {
      flags: '--in <project>',
      about: 'for a rule of the system: where the rights hold (default: *, every project)',
      isMany: true,
      complete: 'project',
    },
    { flags: '--repository <pattern>', about: 'only in these repositories, without the project', isMany: true },
    { flags: '--duration <seconds>', about: 'how long a secret lives', fallback: '3600' },
    { flags: '--one-use', about: 'take each token once' },
    { flags: '--description <text>', about: 'what it is for' },
  ],
  examples: [
    [
      'marina workloads create build --project team --issuer https://token.actions.githubusercontent.com ' +
        '--audience registry.example.com --claim repository=octo/app --claim ref=refs/heads/main --allow push',
      'the main branch of a repository of GitHub may push',
    ],
  ],
  async run(given, { client, out }) {
    const { name, project } = given
    if (project !== undefined && given.in) throw wrongUsage('--in is for rules of the system')
    const body = bodyOf(given)
    const { headers } =
      project === undefined
        ? await client(api.createWorkloadRule, { body })
        : await client(api.createProjectWorkloadRule, { params: paramsOf(project), body })
    await out.done(`created trust rule ${name}`, name, { id: idOf(headers), name })
  },
}

function bodyOf(given: CreateGiven): Static<typeof api.WorkloadRuleReq> {
  const { name, project, issuer, keys, audience, claim, allow, in: places = ['*'], duration } = given
  if (!/^[1-9]\d{0,6}$/.test(duration)) throw wrongUsage(`--duration is a number of seconds, not ${duration}`)
  const access = allow.flatMap(parseRight)
  return {
    name,
    issuer,
    audience,
    ...(keys === undefined ? {} : { jwks: readFile(keys) }),
    claims: claim.map(parseCondition),
    permissions: (project === undefined ? places : [project]).map((namespace) => ({
      kind: 'project',
      namespace,
      access,
    })),
    repositories: given.repository ?? [],
    duration: Number(duration),
    one_use: given.oneUse ?? false,
    description: given.description ?? '',
  }
}

/** The first = or ~ ends the name of the claim. Throws Problem. */
function parseCondition(text: string): Condition {
  const [, claim, sign, value] = /^([^=~]+)([=~])(.+)$/s.exec(text) ?? []
  if (claim === undefined || value === undefined)
    throw wrongUsage(`--claim takes <claim>=<text> or <claim>~<pattern>, not ${text}`)
  return sign === '=' ? { claim, equals: value } : { claim, matches: value }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Problem(`${path} cannot be read: ${(error as Error).message}`, { exitCode: exitCodes.usage })
  }
}

const remove: Verb<{ rules: string[]; project?: string }> = {
  name: 'delete',
  aliases: ['rm'],
  about: 'delete trust rules; what they gave ends at once',
  arguments: [{ ...rule, name: 'rules', isMany: true }],
  options: [projectOption],
  asksFirst: true,
  async run({ rules, project }, call) {
    const found = await eachOf(rules, (text) => getRule(call, project, text))
    const lines = found.map((one) => `trust rule ${one.name} (last used: ${time(one.last_used_time)}) will be deleted`)
    if (!(await call.confirm(lines, 'Go on?'))) return
    for (const { id, name } of found) {
      if (project === undefined) await callWith(call.client, api.deleteWorkloadRule, { params: { rule_id: id } })
      else await callWith(call.client, api.deleteProjectWorkloadRule, { params: { ...paramsOf(project), rule_id: id } })
      await call.out.done(`deleted trust rule ${name}`, name)
    }
  },
}

const verdictShape: Shape<Verdict> = {
  kind: 'trust rule',
  name: ({ name }) => name,
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'fits', of: ({ fits }) => (fits ? 'yes' : 'no'), style: ({ fits }) => (fits ? 'good' : 'bad') },
    { name: 'gives', of: ({ permissions, fits }) => (fits ? rightsOf(permissions) : ''), shrinks: true },
    { name: 'why not', of: ({ reasons }) => reasons.join('; '), shrinks: true },
  ],
}

const tryOut: Verb<{ token?: string; project?: string }> = {
  name: 'test',
  about: 'what would a token get, and why not? Ends with 1 where no rule takes it',
  arguments: [{ name: 'token', about: 'the token; read from stdin when it is left out', isOptional: true }],
  options: [{ ...projectOption, about: 'by the rules of this project (default: of the system and of all projects)' }],
  examples: [['marina workloads test --project team < token', 'a token in an argument is seen by other processes']],
  async run({ token, project }, { client, out }) {
    const body = { token: token ?? (await readSecret()).trim() }
    const answer =
      project === undefined
        ? await client(api.testWorkloadToken, { body })
        : await client(api.testProjectWorkloadToken, { params: paramsOf(project), body })
    const { problem, issuer, subject, rules, fits } = answer.body
    if (out.format !== 'table') await out.row({ kind: 'test', name: () => String(fits), columns: [] }, answer.body)
    else {
      out.remark(problem ?? `a token of ${issuer} for ${subject}`)
      await out.rows(verdictShape, rules)
    }
    if (!fits) process.exitCode = exitCodes.refused
  },
}

export const verbs: Verb[] = [list, show, create, tryOut, remove]
