import type { Static } from 'typebox'
import * as api from '../../../api/replication.ts'
import { eachOf } from '../../lib/each.ts'
import { findNamed } from '../../lib/named.ts'
import type { Shape } from '../../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../../lib/problem.ts'
import { time, yesNo } from '../../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../../lib/verb.ts'
import { deleting, idOf, listing } from '../../lib/words.ts'
import { getEndpoint } from '../endpoints.ts'

type Policy = Static<typeof api.ReplicationPolicy>

export const policy: Argument = { name: 'policy', about: 'its name or id', complete: 'policy' }

const isPush = ({ src_registry: source }: Policy) => (source?.id ?? 0) === 0
const otherSide = (row: Policy) => (isPush(row) ? row.dest_registry : row.src_registry)
export const deletes = (row: Policy): boolean => row.deletion === true || row.replicate_deletion === true

const shape: Shape<Policy> = {
  kind: 'policy',
  name: ({ name }) => name ?? '',
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'on', of: ({ enabled }) => yesNo(enabled), style: ({ enabled }) => (enabled ? 'good' : 'dim') },
    {
      name: 'copies',
      of: (row) => `${isPush(row) ? 'to' : 'from'} ${otherSide(row)?.name ?? otherSide(row)?.id}`,
      shrinks: true,
    },
    { name: 'what', of: filtersOf, shrinks: true },
    { name: 'when', of: triggerOf },
    { name: 'deletes', of: (row) => yesNo(deletes(row)) },
  ],
  fields: [
    { name: 'name', of: ({ name }) => name },
    { name: 'id', of: ({ id }) => id },
    { name: 'on', of: ({ enabled }) => yesNo(enabled) },
    { name: 'copies', of: (row) => `${isPush(row) ? 'to' : 'from'} ${otherSide(row)?.name} (${otherSide(row)?.url})` },
    { name: 'what', of: filtersOf },
    { name: 'when', of: triggerOf },
    { name: 'deletes', of: (row) => yesNo(deletes(row)) },
    { name: 'overrides', of: ({ override }) => yesNo(override) },
    { name: 'namespace', of: (row) => row.dest_namespace },
    { name: 'template', of: (row) => row.dest_template },
    { name: 'platforms', of: ({ platforms }) => platforms?.join(', ') },
    { name: 'speed', of: ({ speed }) => (speed ? `${speed} KB/s` : undefined) },
    { name: 'changed', of: (row) => time(row.update_time) },
  ],
}

function filtersOf({ filters }: Policy): string {
  const one = ({ type, value, decoration }: NonNullable<Policy['filters']>[number]) =>
    `${type} ${decoration === 'excludes' ? 'not ' : ''}${Array.isArray(value) ? value.join('+') : String(value)}`
  return filters?.map(one).join(', ') || 'everything'
}

function triggerOf({ trigger }: Policy): string {
  return trigger?.type === 'scheduled'
    ? (trigger.trigger_settings?.cron ?? '')
    : (trigger?.type ?? 'manual').replace('_', ' ')
}

const list = listing({
  operation: api.listReplicationPolicies,
  shape,
  about: 'list the policies: what is copied where, and when',
})

/** Finds a policy by its name or id. Throws Problem. */
export async function getPolicy({ pages }: Call, text: string): Promise<Policy & { id: number; name: string }> {
  const found = await findNamed(text, (query) => pages(api.listReplicationPolicies, { query }, 0))
  if (found?.id !== undefined && found.name !== undefined) return { ...found, id: found.id, name: found.name }
  throw new Problem(`there is no replication policy ${text}`, {
    exitCode: exitCodes.absent,
    wayOut: 'marina replication list',
  })
}

const show: Verb<{ policy: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show a policy',
  arguments: [policy],
  async run({ policy: text }, call) {
    await call.out.row(shape, await getPolicy(call, text))
  },
}

const options: Option[] = [
  { flags: '--filter-name <pattern>', about: 'only these repositories: team/**, {a,b}/app' },
  { flags: '--filter-tag <pattern>', about: 'only these tags' },
  { flags: '--except-tag <pattern>', about: 'all tags but these' },
  { flags: '--filter-label <label>', about: 'only with this label; may stand several times', isMany: true },
  { flags: '--filter-resource <kind>', about: 'only these', choices: ['image', 'artifact'] },
  { flags: '--platform <os/arch>', about: 'only these of an index; may stand several times', isMany: true },
  { flags: '--namespace <name>', about: 'into this project or namespace (default: that of the source)' },
  {
    flags: '--replace <count>',
    about: 'how many leading parts of a name the namespace replaces; all: all but the last',
  },
  { flags: '--template <text>', about: 'target names, such as mirror/{{path}}, in place of a namespace' },
  { flags: '--pattern <regex>', about: 'of whole source names; its groups are {{1}} to {{9}} of the template' },
  { flags: '--trigger <when>', about: 'what starts a run', choices: ['manual', 'event'] },
  { flags: '--cron <fields>', about: 'run by this schedule: six fields, UTC' },
  { flags: '--mirror', about: 'also delete at the target what is gone at the source' },
  { flags: '--no-mirror', about: 'delete nothing' },
  { flags: '--override', about: 'move tags at the target that name something else' },
  { flags: '--no-override', about: 'leave such tags alone' },
  { flags: '--speed <KB/s>', about: 'at most so fast; 0: no limit' },
  { flags: '--by-chunk', about: 'send blobs in several requests, for proxies with limits' },
  { flags: '--single', about: 'no second run while one goes on' },
  { flags: '--rewrite-index', about: 'with --platform: write an index anew, with another digest' },
  { flags: '--description <text>', about: 'what it is for' },
]

type Given = {
  filterName?: string
  filterTag?: string
  exceptTag?: string
  filterLabel?: string[]
  filterResource?: string
  platform?: string[]
  namespace?: string
  replace?: string
  template?: string
  pattern?: string
  byChunk?: true
  single?: true
  rewriteIndex?: true
  trigger?: 'manual' | 'event'
  cron?: string
  mirror?: boolean
  override?: boolean
  speed?: string
  description?: string
}

/** The fields of the API for what was given; what was not is left out. */
function fieldsOf(given: Given): Partial<Policy> {
  const filters = filtersFrom(given)
  const fields: { [Name in keyof Policy]?: Policy[Name] | undefined } = {
    description: given.description,
    dest_namespace: given.namespace,
    dest_namespace_replace_count: given.replace === undefined ? undefined : parseReplace(given.replace),
    dest_template: given.template,
    dest_pattern: given.pattern,
    copy_by_chunk: given.byChunk,
    single_active_replication: given.single,
    rewrite_index: given.rewriteIndex,
    trigger: triggerFrom(given),
    filters: filters.length === 0 ? undefined : filters,
    deletion: given.mirror,
    replicate_deletion: given.mirror,
    override: given.override,
    speed: given.speed === undefined ? undefined : parseSpeed(given.speed),
    platforms: given.platform,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function filtersFrom(given: Given): NonNullable<Policy['filters']> {
  const { filterName, filterTag, exceptTag, filterLabel, filterResource } = given
  if (filterTag !== undefined && exceptTag !== undefined)
    throw wrongUsage('--filter-tag and --except-tag cannot stand together')
  return [
    ...(filterName === undefined ? [] : [{ type: 'name', value: filterName }]),
    ...(filterTag === undefined ? [] : [{ type: 'tag', value: filterTag, decoration: 'matches' }]),
    ...(exceptTag === undefined ? [] : [{ type: 'tag', value: exceptTag, decoration: 'excludes' }]),
    ...(filterLabel === undefined ? [] : [{ type: 'label', value: filterLabel, decoration: 'matches' }]),
    ...(filterResource === undefined ? [] : [{ type: 'resource', value: filterResource }]),
  ]
}

function triggerFrom({ trigger, cron }: Given): Policy['trigger'] | undefined {
  if (trigger !== undefined && cron !== undefined) throw wrongUsage('--trigger and --cron cannot stand together')
  if (cron !== undefined) return { type: 'scheduled', trigger_settings: { cron } }
  return trigger === undefined ? undefined : { type: trigger === 'event' ? 'event_based' : 'manual' }
}

function parseReplace(text: string): number {
  if (text === 'all') return -1
  if (!/^\d{1,2}$/.test(text)) throw wrongUsage(`--replace is a number of parts, or all; not ${text}`)
  return Number(text)
}

function parseSpeed(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw wrongUsage(`--speed is a number of KB/s, 0 for no limit; not ${text}`)
  return Number(text)
}

const create: Verb<Given & { name: string; from?: string; to?: string; disabled?: true }> = {
  name: 'create',
  about: 'create a policy: copy from an endpoint to this server, or from this server to an endpoint',
  arguments: [{ name: 'name', about: 'of the new policy' }],
  options: [
    { flags: '--from <endpoint>', about: 'copy from there to this server', complete: 'endpoint' },
    { flags: '--to <endpoint>', about: 'copy from this server to there', complete: 'endpoint' },
    ...options,
    { flags: '--disabled', about: 'create it switched off' },
  ],
  examples: [
    [
      'marina replication create alpine --from hub --filter-name library/alpine --filter-tag "3.*" --namespace mirror',
      'by hand',
    ],
    ['marina replication create backup --to old --filter-name "team/**" --trigger event', 'on every push and delete'],
    ['marina replication create nightly --from old --cron "0 0 3 * * *" --mirror', 'a mirror, every night'],
  ],
  async run({ name, from, to, disabled = false, ...given }, call) {
    if ((from === undefined) === (to === undefined)) throw wrongUsage('name one side: --from or --to an endpoint')
    const { id } = await getEndpoint(call, from ?? to!)
    const side = from === undefined ? { dest_registry: { id } } : { src_registry: { id } }
    const usual = { trigger: { type: 'manual' }, override: true, deletion: false }
    const body = { name, ...usual, ...fieldsOf(given), ...side, enabled: !disabled }
    const { headers } = await call.client(api.createReplicationPolicy, { body })
    await call.out.done(`created policy ${name} (id ${idOf(headers)}): marina replication preview ${name}`, name)
  },
}

const update: Verb<Given & { policy: string; rename?: string }> = {
  name: 'update',
  about: 'change a policy; what is not named stays',
  arguments: [policy],
  options: [{ flags: '--rename <name>', about: 'its new name' }, ...options],
  examples: [['marina replication update backup --speed 2000', 'at most 2 MB a second']],
  async run({ policy: text, rename, ...given }, call) {
    const found = await getPolicy(call, text)
    const change = { ...fieldsOf(given), ...(rename === undefined ? {} : { name: rename }) }
    if (Object.keys(change).length === 0) throw wrongUsage('nothing to change', '--help lists what can be changed')
    await save(call, found, change)
    await call.out.done(`changed policy ${rename ?? found.name}`, rename ?? found.name)
  },
}

/** The API replaces a policy as a whole. */
async function save({ client }: Call, found: Policy & { id: number }, change: Partial<Policy>): Promise<void> {
  const sides = {
    src_registry: { id: found.src_registry?.id ?? 0 },
    dest_registry: { id: found.dest_registry?.id ?? 0 },
  }
  const { creation_time: _made, update_time: _changed, ...rest } = found
  await client(api.updateReplicationPolicy, { params: { id: found.id }, body: { ...rest, ...sides, ...change } })
}

/** `enable` and `disable`. */
const switching = (name: 'enable' | 'disable', about: string): Verb<{ policy: string }> => ({
  name,
  about,
  arguments: [policy],
  async run({ policy: text }, call) {
    const found = await getPolicy(call, text)
    await save(call, found, { enabled: name === 'enable' })
    await call.out.done(`${name}d policy ${found.name}`, found.name)
  },
})

const remove = deleting({
  operation: api.deleteReplicationPolicy,
  kind: 'policy',
  about: 'delete policies with the history of their runs; what was copied stays',
  arguments: [{ ...policy, name: 'policies', about: 'their names or ids', isMany: true }],
  find: ({ policies }: { policies: string[] }, call) =>
    eachOf(policies, async (text) => {
      const { id, name } = await getPolicy(call, text)
      return { name, says: `policy ${name} will be deleted, with the history of its runs`, call: { params: { id } } }
    }),
})

export const policyVerbs: Verb[] = [
  list,
  show,
  create,
  update,
  switching('disable', 'run a policy no more until it is enabled again'),
  switching('enable', 'let a policy run again'),
  remove,
]
