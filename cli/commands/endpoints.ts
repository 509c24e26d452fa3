import { readFileSync } from 'node:fs'
import type { Static } from 'typebox'
import * as api from '../../api/endpoints.ts'
import { eachOf } from '../lib/each.ts'
import { findNamed } from '../lib/named.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { askSecret, readSecret } from '../lib/prompt.ts'
import { time } from '../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../lib/verb.ts'
import { deleting, idOf, listing } from '../lib/words.ts'

type Endpoint = Static<typeof api.Registry>

const endpoint: Argument = { name: 'endpoint', about: 'its name or id', complete: 'endpoint' }

const shape: Shape<Endpoint> = {
  kind: 'endpoint',
  name: ({ name }) => name,
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'name', of: ({ name }) => name, shrinks: true },
    { name: 'type', of: ({ type }) => type },
    { name: 'url', of: ({ url }) => url, shrinks: true },
    { name: 'status', of: ({ status }) => status, style: ({ status }) => (status === 'healthy' ? 'good' : 'bad') },
    { name: 'checked', of: (row) => time(row.checked_time), style: () => 'dim' },
    { name: 'why', of: (row) => row.status_text, shrinks: true },
  ],
}

const list = listing({
  operation: api.listRegistries,
  shape,
  about: 'list the other registries that are saved',
  examples: [['marina endpoints list', 'with their state, as of the last check']],
})

/** Finds an endpoint by its name or id. Throws Problem. */
export async function getEndpoint({ pages }: Call, text: string): Promise<Endpoint> {
  const found = await findNamed(text, (query) => pages(api.listRegistries, { query }, 0))
  if (found) return found
  throw new Problem(`there is no endpoint ${text}`, { exitCode: exitCodes.absent, wayOut: 'marina endpoints list' })
}

const show: Verb<{ endpoint: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show an endpoint; its secret stays hidden',
  arguments: [endpoint],
  async run({ endpoint: text }, call) {
    await call.out.row(shape, await getEndpoint(call, text))
  },
}

/** How another registry is reached. `--url`, `--ca` and `--insecure` are about this server. */
const addressOptions: Option[] = [
  { flags: '--address <url>', about: 'where it is' },
  { flags: '--access-key <name>', about: 'its account or key' },
  { flags: '--access-secret-stdin', about: 'read the password or secret from stdin' },
  { flags: '--access-secret', about: 'ask for the password or secret' },
  { flags: '--credential <kind>', about: 'basic, or oauth for a refresh token (default: basic)' },
  { flags: '--skip-cert-verify', about: 'do not check its certificate' },
  { flags: '--authority <file>', about: 'certificates to trust beside the system’s, PEM' },
  { flags: '--token-service <url>', about: 'ask this service for tokens, not the one that the registry names' },
]

type Address = {
  address?: string
  accessKey?: string
  accessSecretStdin?: true
  accessSecret?: true
  credential?: string
  skipCertVerify?: true
  authority?: string
  tokenService?: string
}

/** The fields of the API for what was given; what was not is left out. */
async function fieldsOf(given: Address): Promise<Static<typeof api.RegistryUpdate>> {
  const secret = given.accessSecretStdin
    ? await readSecret()
    : given.accessSecret
      ? await askSecret('Secret')
      : undefined
  const fields = {
    url: given.address,
    access_key: given.accessKey,
    access_secret: secret,
    credential_type: given.credential,
    insecure: given.skipCertVerify,
    ca_certificate: given.authority === undefined ? undefined : readPem(given.authority),
    token_service_url: given.tokenService,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw wrongUsage(`the certificates (--authority) cannot be read: ${(error as Error).message}`)
  }
}

const create: Verb<Address & { name: string; type: string; description?: string }> = {
  name: 'create',
  about: 'save another registry; it must answer',
  arguments: [{ name: 'name', about: 'of the new endpoint' }],
  options: [
    { flags: '--type <type>', about: 'as endpoints types lists them', isRequired: true },
    ...addressOptions,
    { flags: '--description <text>', about: 'what it is' },
  ],
  examples: [
    ['marina endpoints create hub --type docker-hub', 'without a login, for public images'],
    [
      'marina endpoints create old --type harbor --address https://old.example.com --access-key admin --access-secret',
      'asks for the secret',
    ],
    [
      'marina endpoints create old --type harbor --address https://old.example.com --access-secret-stdin < secret',
      'in a script',
    ],
  ],
  async run({ name, type, description = '', ...address }, { client, out }) {
    const { access_key, access_secret, credential_type, ...rest } = await fieldsOf(address)
    const credential = Object.fromEntries(
      Object.entries({ type: credential_type, access_key, access_secret }).filter(([, value]) => value !== undefined),
    )
    const { headers } = await client(api.createRegistry, { body: { name, type, description, ...rest, credential } })
    await out.done(`saved endpoint ${name} (id ${idOf(headers)})`, name)
  },
}

const update: Verb<Address & { endpoint: string; rename?: string; description?: string }> = {
  name: 'update',
  about: 'change an endpoint; what is not named stays',
  arguments: [endpoint],
  options: [
    { flags: '--rename <name>', about: 'its new name' },
    ...addressOptions,
    { flags: '--description <text>', about: 'what it is' },
  ],
  examples: [['marina endpoints update old --access-secret', 'a new secret; it must answer']],
  async run({ endpoint: text, rename, description, ...address }, call) {
    const { id, name } = await getEndpoint(call, text)
    const named = Object.entries({ name: rename, description }).filter(([, value]) => value !== undefined)
    const body = { ...(await fieldsOf(address)), ...(Object.fromEntries(named) as object) }
    if (Object.keys(body).length === 0) throw wrongUsage('nothing to change', '--help lists what can be changed')
    await call.client(api.updateRegistry, { params: { id }, body })
    await call.out.done(`changed endpoint ${rename ?? name}`, rename ?? name)
  },
}

const ping: Verb<Address & { endpoint?: string; type?: string }> = {
  name: 'ping',
  about: 'try whether a registry answers, saved or not',
  arguments: [{ ...endpoint, isOptional: true }],
  options: [{ flags: '--type <type>', about: 'of one that is not saved' }, ...addressOptions],
  examples: [
    ['marina endpoints ping old', 'exit code 1 and the reason, when it does not answer'],
    ['marina endpoints ping --type docker-registry --address http://10.0.0.7:5000', 'before it is saved'],
  ],
  async run({ endpoint: text, type, ...address }, call) {
    if (text === undefined && type === undefined) throw wrongUsage('name an endpoint, or its --type and --address')
    const fields = await fieldsOf(address)
    const saved = text === undefined ? undefined : await getEndpoint(call, text)
    const body = saved ? { id: saved.id, ...fields } : { type: type!, ...fields }
    await call.client(api.pingRegistry, { body })
    const name = saved?.name ?? fields.url ?? type!
    await call.out.done(`${name} answers`, name)
  },
}

const types: Verb = {
  name: 'types',
  about: 'list the kinds of registries that can be copied from and to',
  async run(_given, { client, out }) {
    const { body } = await client(api.listAdapters)
    await out.rows({ kind: 'type', name: String, columns: [{ name: 'type', of: String }] }, body)
  },
}

const remove = deleting({
  operation: api.deleteRegistry,
  kind: 'endpoint',
  about: 'forget endpoints that nothing uses',
  arguments: [{ ...endpoint, name: 'endpoints', about: 'their names or ids', isMany: true }],
  find: ({ endpoints }: { endpoints: string[] }, call) =>
    eachOf(endpoints, async (text) => {
      const { id, name, url } = await getEndpoint(call, text)
      return { name, says: `endpoint ${name} (${url}) will be forgotten, with its secret`, call: { params: { id } } }
    }),
})

export const verbs: Verb[] = [list, show, create, update, ping, types, remove]
