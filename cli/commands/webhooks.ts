import type { Static } from 'typebox'
import * as system from '../../api/system-webhooks.ts'
import type { WebhookExecution, WebhookPolicy, WebhookTargetReq } from '../../api/webhook-policies.ts'
import * as api from '../../api/webhooks.ts'
import { eachOf } from '../lib/each.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { readSecret } from '../lib/prompt.ts'
import { several, time, yesNo } from '../lib/text.ts'
import type { Argument, Call, Verb } from '../lib/verb.ts'
import { deleting, idOf, listing } from '../lib/words.ts'
import { project } from './projects.ts'

type Policy = Static<typeof WebhookPolicy>
type Delivery = Static<typeof WebhookExecution>

const webhook: Argument = { name: 'webhook', about: 'its name or id' }
const ofProject = (name: string) => ({ params: { project_name_or_id: name } })
const addressesOf = ({ targets }: Policy) => targets.map(({ address }) => address)
const isPaused = ({ targets }: Policy) => targets.some(({ paused }) => paused)

const shape: Shape<Policy> = {
  kind: 'webhook',
  name: ({ name }) => name,
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'state', of: stateOf, style: (row) => (stateOf(row) === 'on' ? 'good' : 'bad') },
    { name: 'target', of: (row) => several(addressesOf(row)), shrinks: true },
    { name: 'events', of: (row) => several(row.event_types), shrinks: true },
  ],
}

function stateOf(row: Policy): string {
  return row.enabled ? (isPaused(row) ? 'paused' : 'on') : 'off'
}

const list: Verb<{ project?: string; system?: true }> = {
  name: 'list',
  aliases: ['ls'],
  about: 'list the webhooks of a project, or of the system',
  arguments: [{ ...project, isOptional: true }],
  options: [{ flags: '--system', about: 'those that hear of every project' }],
  examples: [
    ['marina webhooks list team', 'those of a project'],
    ['marina webhooks list --system', 'those of the system'],
  ],
  async run({ project: name, system: isOfSystem }, { pages, out }) {
    if ((name === undefined) === (isOfSystem === undefined)) throw wrongUsage('name a project, or --system')
    const { rows } =
      name === undefined
        ? await pages(system.listPolicies, { params: {} }, 0)
        : await pages(api.listPolicies, ofProject(name), 0)
    await out.rows(shape, rows)
  },
}

async function getPolicy({ pages }: Call, projectName: string, text: string): Promise<Policy> {
  const { rows } = await pages(api.listPolicies, ofProject(projectName), 0)
  const found = rows.find(({ name }) => name === text) ?? rows.find(({ id }) => String(id) === text)
  if (found) return found
  throw new Problem(`project ${projectName} has no webhook ${text}`, {
    exitCode: exitCodes.absent,
    wayOut: `marina webhooks list ${projectName}`,
  })
}

const paramsOf = (name: string, { id }: Policy) => ({ project_name_or_id: name, webhook_policy_id: id })

const show: Verb<{ project: string; webhook: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show a webhook; secrets stay hidden',
  arguments: [project, webhook],
  async run({ project: name, webhook: text }, call) {
    await call.out.row(shape, await getPolicy(call, name, text))
  },
}

type CreateGiven = {
  project: string
  name: string
  address: string
  event: string[]
  type: string
  payload: string
  secretStdin?: true
  skipCertVerify?: true
  repositories?: string
  tags?: string
  description?: string
}

const create: Verb<CreateGiven> = {
  name: 'create',
  about: 'create a webhook of a project',
  arguments: [project, { name: 'name', about: 'of the new webhook' }],
  options: [
    { flags: '--address <url>', about: 'where messages go', isRequired: true },
    {
      flags: '--event <type>',
      about: 'such as PUSH_ARTIFACT; may stand several times',
      isMany: true,
      isRequired: true,
    },
    { flags: '--type <type>', about: 'http, slack, ...', fallback: 'http' },
    { flags: '--payload <format>', about: 'Default or CloudEvents', fallback: 'Default' },
    { flags: '--secret-stdin', about: 'read the secret that signs messages from stdin' },
    { flags: '--skip-cert-verify', about: 'do not check the certificate of the receiver' },
    { flags: '--repositories <pattern>', about: 'only of these repositories' },
    { flags: '--tags <pattern>', about: 'only of these tags' },
    { flags: '--description <text>', about: 'what it is for' },
  ],
  examples: [
    ['marina webhooks create team build --address https://ci.example.com/hook --event PUSH_ARTIFACT', 'on every push'],
    ['marina webhooks events team', 'which events there are'],
  ],
  async run(given, { client, out }) {
    const { project: projectName, name, event, repositories, tags, description = '' } = given
    const target: Static<typeof WebhookTargetReq> = {
      type: given.type,
      address: given.address,
      payload_format: given.payload,
      skip_cert_verify: given.skipCertVerify === true,
      ...(given.secretStdin ? { secret: await readSecret() } : {}),
    }
    const filters = {
      ...(repositories === undefined ? {} : { repository_filter: repositories }),
      ...(tags === undefined ? {} : { tag_filter: tags }),
    }
    const body = { name, description, enabled: true, event_types: event, targets: [target], ...filters }
    const { headers } = await client(api.createPolicy, { ...ofProject(projectName), body })
    await out.done(`created webhook ${name} (id ${idOf(headers)}) in project ${projectName}`, name)
  },
}

const events: Verb<{ project: string }> = {
  name: 'events',
  about: 'list the events, targets and payloads to choose from',
  arguments: [project],
  async run({ project: name }, { client, out }) {
    const { body } = await client(api.getSupportedEventTypes, ofProject(name))
    const rows = body.event_type.map((type) => ({ type, causes: !body.without_producer.includes(type) }))
    await out.rows(eventShape, rows)
  },
}

const eventShape: Shape<{ type: string; causes: boolean }> = {
  kind: 'event',
  name: ({ type }) => type,
  columns: [
    { name: 'event', of: ({ type }) => type },
    { name: 'happens in Marina', of: ({ causes }) => yesNo(causes) },
  ],
}

const testing: Verb<{ project: string; webhook: string; event?: string }> = {
  name: 'test',
  about: 'send an event that did not happen to the targets of a webhook',
  arguments: [project, webhook],
  options: [{ flags: '--event <type>', about: 'which one (default: the first of the webhook)' }],
  examples: [['marina webhooks test team build', 'then: marina webhooks deliveries team build']],
  async run({ project: name, webhook: text, event }, call) {
    const policy = await getPolicy(call, name, text)
    const body = event === undefined ? {} : { event_type: event }
    const answer = await call.client(api.testPolicy, { params: paramsOf(name, policy), body })
    const ids = answer.body.executions.join(', ')
    await call.out.done(`sent a test event: delivery ${ids}`, ids, answer.body)
  },
}

const deliveryShape: Shape<Delivery> = {
  kind: 'delivery',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'status', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
    { name: 'event', of: (row) => row.extra_attrs['event_type'] ?? row.trigger },
    { name: 'to', of: ({ vendor_type: type }) => type.toLowerCase() },
    { name: 'began', of: (row) => time(row.start_time), style: () => 'dim' },
    { name: 'why', of: (row) => row.status_message, shrinks: true },
  ],
}

const styleOf = (status: string) => (status === 'Success' ? 'good' : status === 'Error' ? 'bad' : 'busy')

const deliveries = listing({
  operation: api.listExecutions,
  shape: deliveryShape,
  name: 'deliveries',
  about: 'list what a webhook has sent, newest first',
  arguments: [project, webhook],
  most: 50,
  examples: [['marina webhooks deliveries team build -q status=Error', 'those that failed']],
  call: async ({ project: name, webhook: text }: { project: string; webhook: string }, call) => ({
    params: paramsOf(name, await getPolicy(call, name, text)),
  }),
})

const redeliver: Verb<{ project: string; webhook: string; ids: string[] }> = {
  name: 'redeliver',
  about: 'send again what deliveries sent',
  arguments: [project, webhook, { name: 'ids', about: 'of the deliveries', isMany: true }],
  async run({ project: name, webhook: text, ids }, call) {
    for (const id of ids) if (!/^\d{1,15}$/.test(id)) throw wrongUsage(`${id} is not the id of a delivery`)
    const policy = await getPolicy(call, name, text)
    for (const id of ids) {
      await call.client(api.redeliver, { params: { ...paramsOf(name, policy), execution_id: Number(id) } })
      await call.out.done(`sent delivery ${id} again`, id)
    }
  },
}

/** `enable` and `disable`. */
const switching = (name: 'enable' | 'disable', about: string): Verb<{ project: string; webhook: string }> => ({
  name,
  about,
  arguments: [project, webhook],
  async run({ project: projectName, webhook: text }, call) {
    const policy = await getPolicy(call, projectName, text)
    const body = { ...policy, enabled: name === 'enable' }
    await call.client(api.updatePolicy, { params: paramsOf(projectName, policy), body })
    await call.out.done(`${name}d webhook ${policy.name}`, policy.name)
  },
})

const remove = deleting({
  operation: api.deletePolicy,
  kind: 'webhook',
  about: 'delete webhooks with their history',
  arguments: [project, { ...webhook, name: 'webhooks', about: 'their names or ids', isMany: true }],
  find: ({ project: name, webhooks }: { project: string; webhooks: string[] }, call) =>
    eachOf(webhooks, async (text) => {
      const policy = await getPolicy(call, name, text)
      const named = `webhook ${policy.name} to ${several(addressesOf(policy))}`
      const says = `${named} will be deleted, with the history of its deliveries`
      return { name: policy.name, says, call: { params: paramsOf(name, policy) } }
    }),
})

export const verbs: Verb[] = [
  list,
  show,
  create,
  events,
  testing,
  deliveries,
  redeliver,
  switching('disable', 'send nothing until it is enabled again'),
  switching('enable', 'send again'),
  remove,
]
