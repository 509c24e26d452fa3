import type { Static } from 'typebox'
import * as api from '../../../api/preheat.ts'
import { eachOf } from '../../lib/each.ts'
import type { Shape } from '../../lib/output.ts'
import { wrongUsage } from '../../lib/problem.ts'
import { shortDigest, time, yesNo } from '../../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../../lib/verb.ts'
import { deleting, listing } from '../../lib/words.ts'
import { project } from '../projects.ts'
import { getInstance } from './instances.ts'

type Policy = Static<typeof api.PreheatPolicy>
type Preview = Static<typeof api.PreheatPreview>
type Filter = { type: string; value: unknown }

export const policy: Argument = { name: 'policy', about: 'its name' }
export const paramsOf = (projectName: string, name: string) => ({
  project_name: projectName,
  preheat_policy_name: name,
})

/** Harbor's severities by its codes. */
const severities = ['unknown', 'negligible', 'low', 'medium', 'high', 'critical']

const shape: Shape<Policy> = {
  kind: 'policy',
  name: ({ name }) => name ?? '',
  columns: [
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'on', of: ({ enabled }) => yesNo(enabled), style: ({ enabled }) => (enabled ? 'good' : 'dim') },
    { name: 'instance', of: (row) => row.provider_name, shrinks: true },
    { name: 'what', of: filtersOf, shrinks: true },
    { name: 'when', of: triggerOf },
    { name: 'changed', of: (row) => time(row.update_time), style: () => 'dim' },
  ],
}

function filtersOf({ filters }: Policy): string {
  const all = JSON.parse(filters ?? '[]') as Filter[]
  return all.map(({ type, value }) => `${type} ${wordOf(type, value)}`).join(', ') || 'everything'
}

const wordOf = (type: string, value: unknown): string =>
  type === 'vulnerability' ? `below ${severities[Number(value)] ?? String(value)}` : String(value)

function triggerOf({ trigger }: Policy): string {
  const { type, trigger_setting: setting } = JSON.parse(trigger ?? '{}') as {
    type?: string
    trigger_setting?: { cron?: string }
  }
  return type === 'scheduled' ? (setting?.cron ?? '') : (type ?? 'manual').replace('_', ' ')
}

const list = listing({
  operation: api.listPreheatPolicies,
  shape,
  name: 'policies',
  about: 'list the policies of a project: what is preheated, where, and when',
  arguments: [project],
  call: ({ project: name }: { project: string }) => ({ params: { project_name: name } }),
})

const getPolicy = async ({ client }: Call, projectName: string, name: string): Promise<Policy> =>
  (await client(api.getPreheatPolicy, { params: paramsOf(projectName, name) })).body

const options: Option[] = [
  { flags: '--filter-repository <pattern>', about: 'only these repositories: team/**, without the project' },
  { flags: '--filter-tag <pattern>', about: 'only these tags' },
  { flags: '--filter-label <label>', about: 'only with this label; may stand several times', isMany: true },
  { flags: '--signed', about: 'only images with a signature' },
  { flags: '--below <severity>', about: 'only images whose worst vulnerability is below it', choices: severities },
  { flags: '--trigger <when>', about: 'what starts a run', choices: ['manual', 'event'] },
  { flags: '--cron <fields>', about: 'run by this schedule: six fields, UTC' },
  {
    flags: '--scope <scope>',
    about: 'where Dragonfly puts images',
    choices: ['single_seed_peer', 'all_seed_peers', 'all_peers'],
  },
  { flags: '--cluster <id>', about: 'only this cluster of Dragonfly; may stand several times', isMany: true },
  { flags: '--description <text>', about: 'what it is for' },
]

type Given = {
  filterRepository?: string
  filterTag?: string
  filterLabel?: string[]
  signed?: true
  below?: string
  trigger?: 'manual' | 'event'
  cron?: string
  scope?: string
  cluster?: string[]
  description?: string
}

/** The fields of the API for what was given; what was not is left out. */
function fieldsOf(given: Given): Policy {
  const filters = filtersFrom(given)
  const { scope, cluster } = given
  const extra = { ...(scope ? { scope } : {}), ...(cluster ? { cluster_ids: cluster.map(parseCluster) } : {}) }
  const fields = {
    description: given.description,
    filters: filters.length === 0 ? undefined : JSON.stringify(filters),
    trigger: triggerFrom(given),
    extra_attrs: Object.keys(extra).length === 0 ? undefined : JSON.stringify(extra),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function filtersFrom({ filterRepository, filterTag, filterLabel, signed, below }: Given): Filter[] {
  return [
    ...(filterRepository === undefined ? [] : [{ type: 'repository', value: filterRepository }]),
    ...(filterTag === undefined ? [] : [{ type: 'tag', value: filterTag }]),
    ...(filterLabel === undefined ? [] : [{ type: 'label', value: filterLabel.join(',') }]),
    ...(signed === undefined ? [] : [{ type: 'signature', value: true }]),
    ...(below === undefined ? [] : [{ type: 'vulnerability', value: severities.indexOf(below) }]),
  ]
}

function triggerFrom({ trigger, cron }: Given): string | undefined {
  if (trigger !== undefined && cron !== undefined) throw wrongUsage('--trigger and --cron cannot stand together')
  if (cron !== undefined) return JSON.stringify({ type: 'scheduled', trigger_setting: { cron } })
  if (trigger === undefined) return undefined
  return JSON.stringify({ type: trigger === 'event' ? 'event_based' : 'manual', trigger_setting: { cron: '' } })
}

function parseCluster(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw wrongUsage(`--cluster is the id of a cluster, not ${text}`)
  return Number(text)
}

const create: Verb<Given & { project: string; name: string; instance: string; disabled?: true }> = {
  name: 'create',
  about: 'create a policy: which images of a project are preheated, by which service, and when',
  arguments: [project, { name: 'name', about: 'of the new policy' }],
  options: [
    { flags: '--instance <name>', about: 'the service, as preheat instances lists it', isRequired: true },
    ...options,
    { flags: '--disabled', about: 'create it switched off' },
  ],
  examples: [
    ['marina preheat create team warm --instance d7y --filter-tag "v*" --trigger event', 'each push of these tags'],
    ['marina preheat create team night --instance d7y --cron "0 0 3 * * *" --below high', 'every night'],
  ],
  async run({ project: projectName, name, instance, disabled = false, ...given }, call) {
    const usual = { filters: '[{"type":"repository","value":"**"}]', trigger: '{"type":"manual"}' }
    const id = await idOfInstance(call, projectName, instance)
    const body = { name, ...usual, ...fieldsOf(given), provider_id: id, enabled: !disabled }
    await call.client(api.createPreheatPolicy, { params: { project_name: projectName }, body })
    await call.out.done(`created policy ${name}: marina preheat preview ${projectName} ${name}`, name)
  },
}

/** Of the services that the project can choose, as its administrator may not list them all. */
async function idOfInstance(call: Call, projectName: string, name: string): Promise<number> {
  const params = { project_name: projectName }
  const { body } = await call.client(api.listProvidersOfProject, { params })
  const found = body.find(({ provider }) => provider.replace(/^\S+ /, '').startsWith(`${name}-`))
  return found?.id ?? (await getInstance(call, name)).id ?? 0
}

const update: Verb<Given & { project: string; policy: string; rename?: string }> = {
  name: 'update',
  about: 'change a policy; what is not named stays, of the filters all or none',
  arguments: [project, policy],
  options: [{ flags: '--rename <name>', about: 'its new name' }, ...options],
  examples: [['marina preheat update team warm --scope all_peers', 'every machine gets the images']],
  async run({ project: projectName, policy: text, rename, ...given }, call) {
    const change = { ...fieldsOf(given), ...(rename === undefined ? {} : { name: rename }) }
    if (Object.keys(change).length === 0) throw wrongUsage('nothing to change', '--help lists what can be changed')
    await save(call, projectName, text, change)
    await call.out.done(`changed policy ${rename ?? text}`, rename ?? text)
  },
}

/** The API replaces a policy as a whole. */
async function save(call: Call, projectName: string, name: string, change: Policy): Promise<void> {
  const { creation_time: _made, update_time: _changed, ...known } = await getPolicy(call, projectName, name)
  const params = paramsOf(projectName, name)
  await call.client(api.updatePreheatPolicy, { params, body: { ...known, ...change } })
}

/** `enable` and `disable`. */
const switching = (name: 'enable' | 'disable', about: string): Verb<{ project: string; policy: string }> => ({
  name,
  about,
  arguments: [project, policy],
  async run({ project: projectName, policy: text }, call) {
    await save(call, projectName, text, { enabled: name === 'enable' })
    await call.out.done(`${name}d policy ${text}`, text)
  },
})

const imageShape: Shape<Preview['images'][number]> = {
  kind: 'image',
  name: ({ repository, tag }) => `${repository}:${tag}`,
  columns: [
    { name: 'what', of: ({ action }) => action, style: ({ action }) => (action === 'skip' ? 'dim' : 'good') },
    { name: 'image', of: ({ repository, tag }) => `${repository}:${tag}`, shrinks: true },
    { name: 'digest', of: ({ digest }) => shortDigest(digest) },
    { name: 'why', of: ({ reason }) => reason, shrinks: true },
  ],
}

const preview: Verb<{ project: string; policy: string; look: string }> = {
  name: 'preview',
  about: 'show which images a run would preheat, and why others are left out',
  arguments: [project, policy],
  options: [{ flags: '--look <tags>', about: 'look at no more than this', fallback: '1000' }],
  examples: [['marina preheat preview team warm', 'changes nothing']],
  async run({ project: projectName, policy: text, look }, { client, out }) {
    if (!/^[1-9]\d{0,4}$/.test(look)) throw wrongUsage(`--look is a number of tags, not ${look}`)
    const call = { params: paramsOf(projectName, text), query: { limit: Number(look) } }
    const { body } = await client(api.previewPreheatPolicy, call)
    if (out.format === 'json' || out.format === 'yaml')
      return out.row({ kind: 'answer', name: () => '', columns: [] }, body)
    if (body.images.length > 0) await out.rows(imageShape, body.images)
    out.remark(`${body.preheat} to preheat, ${body.skip} left out`)
    if (!body.is_complete) out.remark(`more than ${look} tags: --look <tags> looks at more`)
  },
}

const remove = deleting({
  operation: api.deletePreheatPolicy,
  kind: 'policy',
  about: 'delete policies with the history of their runs; what runs is stopped',
  arguments: [project, { ...policy, name: 'policies', about: 'their names', isMany: true }],
  find: ({ project: projectName, policies }: { project: string; policies: string[] }, call) =>
    eachOf(policies, async (text) => {
      await getPolicy(call, projectName, text)
      return {
        name: text,
        says: `policy ${text} will be deleted, with the history of its runs`,
        call: { params: paramsOf(projectName, text) },
      }
    }),
})

export const policyVerbs: Verb[] = [
  list,
  create,
  update,
  switching('disable', 'run a policy no more until it is enabled again'),
  switching('enable', 'let a policy run again'),
  preview,
  remove,
]
