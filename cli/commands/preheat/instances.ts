import type { Static } from 'typebox'
import * as api from '../../../api/preheat.ts'
import { eachOf } from '../../lib/each.ts'
import type { Shape } from '../../lib/output.ts'
import { wrongUsage } from '../../lib/problem.ts'
import { askSecret, readSecret } from '../../lib/prompt.ts'
import { yesNo } from '../../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../../lib/verb.ts'
import { deleting, listing } from '../../lib/words.ts'

type Instance = Static<typeof api.PreheatInstance>

const instance: Argument = { name: 'instance', about: 'its name' }

const shape: Shape<Instance> = {
  kind: 'instance',
  name: ({ name }) => name ?? '',
  columns: [
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'provider', of: ({ vendor }) => vendor },
    { name: 'endpoint', of: ({ endpoint }) => endpoint, shrinks: true },
    { name: 'on', of: ({ enabled }) => yesNo(enabled), style: ({ enabled }) => (enabled ? 'good' : 'dim') },
    { name: 'default', of: ({ default: isDefault }) => yesNo(isDefault) },
    { name: 'auth', of: ({ auth_mode: mode }) => (mode ?? 'NONE').toLowerCase() },
    { name: 'status', of: ({ status }) => status, style: ({ status }) => (status === 'Unhealthy' ? 'bad' : 'good') },
  ],
}

const list = listing({
  operation: api.listPreheatInstances,
  shape,
  name: 'instances',
  about: 'list the services that preheat images',
  examples: [['marina preheat instances', 'with their state, as of the last call']],
})

export async function getInstance({ client }: Call, name: string): Promise<Instance> {
  return (await client(api.getPreheatInstance, { params: { preheat_instance_name: name } })).body
}

/** How a service is reached. `--url` and `--insecure` are about this server. */
const addressOptions: Option[] = [
  { flags: '--provider <kind>', about: 'what it is', choices: ['dragonfly', 'kraken'] },
  { flags: '--address <url>', about: 'where it is: of a Dragonfly manager, or of Kraken’s proxy' },
  { flags: '--username <name>', about: 'for a login with name and password (BASIC)' },
  { flags: '--header <name>', about: 'send the secret in this header (CUSTOM)' },
  { flags: '--no-login', about: 'without a credential (NONE)' },
  { flags: '--secret-stdin', about: 'read the password or token from stdin; a token alone is OAUTH' },
  { flags: '--secret', about: 'ask for the password or token' },
  { flags: '--skip-cert-verify', about: 'do not check its certificate' },
  { flags: '--default', about: 'offer it first to projects' },
  { flags: '--description <text>', about: 'what it is for' },
]

type Address = {
  provider?: string
  address?: string
  username?: string
  header?: string
  login?: boolean
  secretStdin?: true
  secret?: true
  skipCertVerify?: true
  default?: true
  description?: string
}

/** The fields of the API for what was given; what was not is left out. */
async function fieldsOf(given: Address): Promise<Instance> {
  const fields = {
    vendor: given.provider,
    endpoint: given.address,
    insecure: given.skipCertVerify,
    default: given.default,
    description: given.description,
    ...(await authOf(given)),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

async function authOf({ username, header, login = true, secretStdin, secret }: Address): Promise<Instance> {
  const isAsked = secretStdin === true || secret === true
  if (!login && (username !== undefined || header !== undefined || isAsked)) throw wrongUsage('--no-login stands alone')
  if (!login) return { auth_mode: 'NONE' }
  if (username !== undefined && header !== undefined) throw wrongUsage('--username and --header cannot stand together')
  if (!isAsked && (username !== undefined || header !== undefined))
    throw wrongUsage('give the secret: --secret, or --secret-stdin')
  if (!isAsked) return {}
  const text = secretStdin ? await readSecret() : await askSecret('Secret')
  if (username !== undefined) return { auth_mode: 'BASIC', auth_info: { username, password: text } }
  return header === undefined
    ? { auth_mode: 'OAUTH', auth_info: { token: text } }
    : { auth_mode: 'CUSTOM', auth_info: { [header]: text } }
}

const create: Verb<Address & { name: string; disabled?: true }> = {
  name: 'add',
  about: 'save a service that preheats images',
  arguments: [{ name: 'name', about: 'of the new instance' }],
  options: [...addressOptions, { flags: '--disabled', about: 'save it switched off' }],
  examples: [
    [
      'marina preheat add d7y --provider dragonfly --address http://dragonfly-manager:8080 --secret',
      'asks for its token',
    ],
    ['marina preheat add kraken --provider kraken --address http://kraken-proxy:5000', 'without a login'],
  ],
  async run({ name, disabled = false, ...given }, { client, out }) {
    const fields = await fieldsOf(given)
    if (fields.vendor === undefined || fields.endpoint === undefined)
      throw wrongUsage('say what it is and where: --provider and --address')
    const body = { name, auth_mode: 'NONE', ...fields, enabled: !disabled }
    await client(api.createPreheatInstance, { body })
    await out.done(`saved instance ${name}: marina preheat ping ${name}`, name)
  },
}

const update: Verb<Address & { instance: string; rename?: string; enable?: true; disable?: true }> = {
  name: 'change',
  about: 'change a service; what is not named stays',
  arguments: [instance],
  options: [
    { flags: '--rename <name>', about: 'its new name' },
    ...addressOptions,
    { flags: '--enable', about: 'let policies use it again' },
    { flags: '--disable', about: 'ask it for nothing any more' },
  ],
  examples: [['marina preheat change d7y --disable', 'its policies fail until it is enabled again']],
  async run({ instance: text, rename, enable, disable, ...given }, call) {
    if (enable && disable) throw wrongUsage('--enable and --disable cannot stand together')
    const isOn = enable ? { enabled: true } : disable ? { enabled: false } : {}
    const change = { ...(await fieldsOf(given)), ...isOn, ...(rename === undefined ? {} : { name: rename }) }
    if (Object.keys(change).length === 0) throw wrongUsage('nothing to change', '--help lists what can be changed')
    const { id: _id, status: _status, setup_timestamp: _made, ...known } = await getInstance(call, text)
    const params = { preheat_instance_name: text }
    await call.client(api.updatePreheatInstance, { params, body: { ...known, ...change } })
    await call.out.done(`changed instance ${rename ?? text}`, rename ?? text)
  },
}

const ping: Verb<{ instance: string }> = {
  name: 'ping',
  about: 'try whether a service answers',
  arguments: [instance],
  examples: [['marina preheat ping d7y', 'exit code 1 and the reason, when it does not answer']],
  async run({ instance: text }, call) {
    const { id } = await getInstance(call, text)
    await call.client(api.pingPreheatInstance, { body: { id: id ?? 0 } })
    await call.out.done(`${text} answers`, text)
  },
}

const remove = deleting({
  operation: api.deletePreheatInstance,
  kind: 'instance',
  name: 'remove',
  about: 'forget services that no policy uses',
  arguments: [{ ...instance, name: 'instances', about: 'their names', isMany: true }],
  find: ({ instances }: { instances: string[] }, call) =>
    eachOf(instances, async (text) => {
      const { endpoint } = await getInstance(call, text)
      return {
        name: text,
        says: `instance ${text} (${endpoint}) will be forgotten, with its secret`,
        call: { params: { preheat_instance_name: text } },
      }
    }),
})

export const instanceVerbs: Verb[] = [list, create, update, ping, remove]
