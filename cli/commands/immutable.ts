import type { Static } from 'typebox'
import * as api from '../../api/immutability.ts'
import { eachOf } from '../lib/each.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem } from '../lib/problem.ts'
import { yesNo } from '../lib/text.ts'
import type { Argument, Call, Verb } from '../lib/verb.ts'
import { deleting, idOf, listing } from '../lib/words.ts'
import { project } from './projects.ts'

type Rule = Static<typeof api.ImmutableRule>

const rule: Argument = { name: 'rule', about: 'its id, as immutable list shows it' }
const ofProject = (name: string) => ({ params: { project_name_or_id: name } })

const shape: Shape<Rule> = {
  kind: 'rule',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'tags', of: tagsOf, shrinks: true },
    { name: 'repositories', of: repositoriesOf, shrinks: true },
    { name: 'on', of: ({ disabled }) => yesNo(!disabled), style: ({ disabled }) => (disabled ? 'dim' : 'good') },
  ],
}

type Selector = { decoration: string; pattern: string }
const write = ({ decoration, pattern }: Selector) => (/exclude/i.test(decoration) ? `not ${pattern}` : pattern)
function tagsOf(row: Rule): string {
  return row.tag_selectors.map(write).join(', ')
}
function repositoriesOf(row: Rule): string {
  return (row.scope_selectors['repository'] ?? []).map(write).join(', ')
}

const list = listing({
  operation: api.listImmutableRules,
  shape,
  about: 'list the rules that keep tags of a project as they are',
  arguments: [project],
  call: ({ project: name }: { project: string }) => ofProject(name),
})

type CreateGiven = { project: string; tags: string; repositories: string; exceptTags?: true; exceptRepositories?: true }

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'keep tags that match a pattern: no push may move them, nobody may delete them',
  arguments: [project],
  options: [
    { flags: '--tags <pattern>', about: 'such as v* or {v1,v2}*', fallback: '**' },
    { flags: '--except-tags', about: 'all tags but those of the pattern' },
    { flags: '--repositories <pattern>', about: 'names without the project', fallback: '**' },
    { flags: '--except-repositories', about: 'all repositories but those of the pattern' },
  ],
  examples: [["marina immutable create team --tags 'v*'", 'released versions stay as they are']],
  async run({ project: name, tags, repositories, exceptTags, exceptRepositories }, { client, out }) {
    const body = {
      action: 'immutable',
      template: 'immutable_template',
      tag_selectors: [{ kind: 'doublestar', decoration: exceptTags ? 'excludes' : 'matches', pattern: tags }],
      scope_selectors: {
        repository: [
          {
            kind: 'doublestar',
            decoration: exceptRepositories ? 'repoExcludes' : 'repoMatches',
            pattern: repositories,
          },
        ],
      },
    }
    const { headers } = await client(api.createImmutableRule, { ...ofProject(name), body })
    await out.done(`created rule ${idOf(headers)} in project ${name}`, String(idOf(headers)))
  },
}

async function getRule({ pages }: Call, name: string, id: string): Promise<Rule> {
  const { rows } = await pages(api.listImmutableRules, ofProject(name), 0)
  const found = rows.find((row) => String(row.id) === id)
  if (found) return found
  throw new Problem(`project ${name} has no rule ${id}`, {
    exitCode: exitCodes.absent,
    wayOut: `marina immutable list ${name}`,
  })
}

/** `enable` and `disable`. */
const switching = (name: 'enable' | 'disable', about: string): Verb<{ project: string; rule: string }> => ({
  name,
  about,
  arguments: [project, rule],
  async run({ project: projectName, rule: id }, call) {
    const found = await getRule(call, projectName, id)
    const params = { project_name_or_id: projectName, immutable_rule_id: found.id }
    await call.client(api.updateImmutableRule, { params, body: { ...found, disabled: name === 'disable' } })
    await call.out.done(`${name}d rule ${id} of project ${projectName}`, id)
  },
})

const remove = deleting({
  operation: api.deleteImmutableRule,
  kind: 'rule',
  about: 'delete rules; the tags can be moved and deleted then',
  arguments: [project, { ...rule, name: 'rules', about: 'their ids', isMany: true }],
  find: ({ project: name, rules }: { project: string; rules: string[] }, call) =>
    eachOf(rules, async (id) => {
      const found = await getRule(call, name, id)
      const kept = `tags ${tagsOf(found)} in repositories ${repositoriesOf(found)}`
      const says = `rule ${id} will be deleted: ${kept} are no longer kept`
      return { name: id, says, call: { params: { project_name_or_id: name, immutable_rule_id: found.id } } }
    }),
})

export const verbs: Verb[] = [
  list,
  create,
  switching('disable', 'switch a rule off'),
  switching('enable', 'switch a rule on again'),
  remove,
]
