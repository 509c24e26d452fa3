import type { Static } from 'typebox'
import * as api from '../../../api/retention-preview.ts'
import { parseArtifact } from '../../lib/names.ts'
import type { Shape } from '../../lib/output.ts'
import { parseLimit } from '../../lib/pages.ts'
import { count, shortDigest, size, time } from '../../lib/text.ts'
import type { Call, Option, Verb } from '../../lib/verb.ts'
import { limitOption } from '../../lib/words.ts'
import { artifact } from '../artifacts.ts'
import { project } from '../projects.ts'
import { idOfProject, readRules, rulesOption } from './policies.ts'

type Preview = Static<(typeof api.previewRetention)['answer']>
type Explained = Static<(typeof api.explainRetention)['answer']>
type Decision = Static<typeof api.RetentionDecision>

/** A tag, or an artifact that has none. */
type Row = { name: string; pushed: string | undefined; pulled: string | undefined; decision: Decision }

/** One row for each tag of a preview. */
function rowsOf({ artifacts }: Preview): Row[] {
  return artifacts.flatMap(({ repository, digest, push_time: pushed, pull_time: pulled, decision, tags }) =>
    tags.length === 0
      ? [{ name: `${repository}@${shortDigest(digest)}`, pushed, pulled, decision }]
      : tags.map((tag) => ({ name: `${repository}:${tag.name}`, pushed, pulled, decision: tag.decision })),
  )
}

const whyOf = ({ reason, rule, value }: Decision): string => {
  const by = rule === undefined ? '' : `rule ${rule}: `
  return reason === 'rule' || reason === 'no-rule' ? `${by}${value}` : `${reason}: ${value}`
}

const shape: Shape<Row> = {
  kind: 'tag',
  name: ({ name }) => name,
  columns: [
    {
      name: 'what',
      of: ({ decision }) => (decision.kept ? 'keep' : 'delete'),
      style: ({ decision }) => (decision.kept ? 'good' : 'bad'),
    },
    { name: 'tag', of: ({ name }) => name, shrinks: true },
    { name: 'pushed', of: ({ pushed }) => time(pushed), style: () => 'dim' },
    { name: 'pulled', of: ({ pulled }) => time(pulled), style: () => 'dim' },
    { name: 'why', of: ({ decision }) => whyOf(decision), shrinks: true },
    { name: 'until', of: ({ decision }) => (decision.until === undefined ? undefined : time(decision.until)) },
  ],
}

/** JSON and YAML have it whole. */
const whole = { kind: 'answer', name: () => '', columns: [] }

/** What would go, in one sentence. */
export function sumOf(name: string, { totals, share, freed_bytes: bytes, is_whole: isWhole }: Preview): string[] {
  const { tags, dropped_tags: gone, artifacts, dropped_artifacts: goneArtifacts } = totals
  return [
    `project ${name}: ${gone} of ${count(tags, 'tag')} would go (${share} %), ` +
      `${goneArtifacts} of ${count(artifacts, 'artifact')} with them; ${size(bytes)} would be freed`,
    ...(isWhole ? [] : ['not all repositories were looked at, as there are too many tags: a run looks at all']),
  ]
}

const showOptions: Option[] = [
  rulesOption,
  { flags: '--repository <name>', about: 'only this one, without the project' },
  {
    flags: '--show <what>',
    about: 'only what would be deleted, or what the rules change',
    choices: ['dropped', 'changed'],
  },
  limitOption(1000),
]

type PreviewGiven = {
  project: string
  rules?: string
  repository?: string
  show?: 'dropped' | 'changed'
  limit: string
}

export const preview: Verb<PreviewGiven> = {
  name: 'preview',
  about: 'say of each tag whether rules would keep it, and why; nothing is changed',
  arguments: [project],
  options: showOptions,
  examples: [
    ['marina retention preview team --show dropped', 'what the saved rules would delete now'],
    ['marina retention preview team --rules rules.json --show changed', 'what other rules would decide otherwise'],
  ],
  async run({ project: name, rules, repository, show, limit }, call) {
    const found = await ask(call, name, { rules, repository, show, rows: parseLimit(limit) || 10_000 })
    const { out } = call
    if (out.format === 'json' || out.format === 'yaml') return out.row(whole, found)
    await out.rows(shape, rowsOf(found))
    if (out.format === 'table') for (const line of sumOf(name, found)) out.remark(line)
  },
}

type Asked = {
  rules?: string | undefined
  repository?: string | undefined
  show?: 'dropped' | 'changed' | undefined
  rows: number
}

/** Asks for a preview of a project, by its saved rules or those of a file. */
export async function ask(call: Call, name: string, { rules, repository, show, rows }: Asked): Promise<Preview> {
  const { body } = await call.client(api.previewRetention, {
    body: {
      project_id: await idOfProject(call, name),
      rows: Math.min(rows, 10_000),
      ...(rules === undefined ? {} : { policy: await readRules(rules) }),
      ...(repository === undefined ? {} : { repository }),
      ...(show === undefined ? {} : { show }),
    },
  })
  return body
}

/** The names of what would go. */
export const droppedIn = (found: Preview): string[] =>
  rowsOf(found)
    .filter(({ decision }) => !decision.kept)
    .map(({ name }) => name)

type Reason = { policy: string; rule: string; value: string; until: string | undefined }

const reasonShape: Shape<Reason> = {
  kind: 'reason',
  name: ({ rule }) => rule,
  columns: [
    { name: 'policy', of: ({ policy }) => policy },
    { name: 'rule', of: ({ rule }) => rule, shrinks: true },
    { name: 'why', of: ({ value }) => value, shrinks: true },
    { name: 'until', of: ({ until }) => (until === undefined ? undefined : time(until)) },
  ],
}

/** The decision of each policy, and the rules that pick the artifact. */
function reasonsOf({ policies }: Explained): Reason[] {
  return policies.flatMap(({ policy_id: id, level, decision, rules }) => [
    {
      policy: `${id} (${level})`,
      rule: decision.kept ? 'keeps it' : 'deletes it',
      value: whyOf(decision),
      until: decision.until,
    },
    ...rules.map(({ rule, name, action, value, until }) => ({
      policy: '',
      rule: `${rule ?? ''} ${action} ${name}`.trim(),
      value,
      until,
    })),
  ])
}

export const explain: Verb<{ artifact: string }> = {
  name: 'explain',
  aliases: ['why'],
  about: 'say why a tag or an artifact is here, and until when',
  arguments: [artifact],
  examples: [['marina retention explain team/app:1.0', 'which policies are for it, and which of their rules pick it']],
  async run({ artifact: text }, { client, out }) {
    const { project_name: project_name_or_id, ...rest } = parseArtifact(text)
    const { body } = await client(api.explainRetention, { params: { project_name_or_id, ...rest } })
    if (out.format === 'json' || out.format === 'yaml') return out.row(whole, body)
    if (body.policies.length === 0) out.remark('no retention policy is for it')
    else await out.rows(reasonShape, reasonsOf(body))
    const [next] = body.policies.flatMap(({ next_run: at }) => at ?? []).toSorted()
    if (out.format !== 'table') return
    const when = next === undefined ? 'no run is planned' : `the next run is at ${time(next)}`
    out.remark(`${text} ${body.kept ? 'stays' : 'goes with the next run'}; ${when}`)
  },
}
