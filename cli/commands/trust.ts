import { readFileSync } from 'node:fs'
import type { Static } from 'typebox'
import * as projects from '../../api/projects.ts'
import * as api from '../../api/signatures.ts'
import { eachOf } from '../lib/each.ts'
import type { Shape } from '../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { time } from '../lib/text.ts'
import type { Argument, Verb } from '../lib/verb.ts'
import { deleting } from '../lib/words.ts'
import { project } from './projects.ts'

type Signer = Static<typeof api.Signer>
type TrustRoot = Static<typeof api.TrustRoot>
type SignerReq = Static<typeof api.SignerReq>

const signer: Argument = { name: 'signer', about: 'its name in the project, such as release' }
const paramsOf = (name: string) => ({ params: { project_name_or_id: name } })

const shape: Shape<Signer> = {
  kind: 'signer',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name },
    { name: 'kind', of: ({ kind }) => kind },
    { name: 'who', of: whoOf, shrinks: true },
    { name: 'changed', of: ({ update_time: at }) => time(at), style: () => 'dim' },
  ],
}

function whoOf({ key, certificate, keyless }: Signer): string {
  if (certificate) return certificate.identities.join('; ')
  if (keyless) return `${keyless.subject} by ${keyless.issuer} (${keyless.trust_root})`
  return (key?.public_key ?? '').replaceAll(/-----[A-Z ]+-----|\s/g, '')
}

const list: Verb<{ project: string }> = {
  name: 'list',
  aliases: ['ls'],
  about: 'list whose signatures a project trusts',
  arguments: [project],
  async run({ project: name }, { client, out }) {
    await out.rows(shape, (await client(api.listSigners, paramsOf(name))).body)
  },
}

type AddGiven = {
  project: string
  signer: string
  key?: string
  certificates?: string
  identity?: string[]
  issuer?: string
  subject?: string
  root?: string
}

const add: Verb<AddGiven> = {
  name: 'add',
  about: 'trust a signer: a key, certificates, or an account; one of the same name is changed',
  arguments: [project, signer],
  options: [
    { flags: '--key <file>', about: 'a public key (PEM), such as cosign.pub' },
    { flags: '--certificates <file>', about: 'certificates (PEM) below which those of notation are trusted' },
    { flags: '--identity <text>', about: 'who among them: x509.subject: C=DE, O=Example; or *', isMany: true },
    { flags: '--issuer <url>', about: 'who vouches for an account, such as https://accounts.example.com' },
    { flags: '--subject <text>', about: 'the account; * stands for any characters' },
    { flags: '--root <name>', about: 'the trusted root for accounts', fallback: 'sigstore' },
  ],
  examples: [
    ['marina trust add team release --key cosign.pub', 'a key of cosign'],
    ["marina trust add team builds --certificates ca.pem --identity 'x509.subject: C=DE, O=Example'", 'for notation'],
    [
      "marina trust add team ci --issuer https://accounts.example.com --subject 'https://example.com/team/*'",
      'an account, without a key of its own',
    ],
  ],
  async run(given, { client, out }) {
    const { project: name, signer: wanted } = given
    const params = { project_name_or_id: name, signer_name: wanted }
    await client(api.putSigner, { params, body: signerOf(given) })
    await out.done(`project ${name} trusts the signer ${wanted}`, wanted)
  },
}

function signerOf({ key, certificates, identity = [], issuer, subject, root }: AddGiven): SignerReq {
  const given = [key, certificates, issuer ?? subject].filter((one) => one !== undefined)
  if (given.length !== 1)
    throw wrongUsage('one kind of signer is needed', '--key, or --certificates, or --issuer with --subject')
  if (key !== undefined) return { key: { public_key: read(key) } }
  if (certificates !== undefined) {
    if (identity.length === 0)
      throw wrongUsage('--identity is missing', "such as 'x509.subject: C=DE, O=Example'; '*' trusts all of them")
    return { certificate: { certificates: read(certificates), identities: identity } }
  }
  if (issuer === undefined || subject === undefined) throw wrongUsage('--issuer and --subject are needed together')
  return { keyless: { issuer, subject, trust_root: root! } }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Problem(`${file} cannot be read: ${(error as Error).message}`)
  }
}

const remove = deleting({
  name: 'remove',
  operation: api.deleteSigner,
  kind: 'signer',
  about: 'trust signers no more: what only they signed is not verified any more',
  arguments: [project, { ...signer, name: 'signers', about: 'their names', isMany: true }],
  done: 'removed',
  find: async ({ project: name, signers }: { project: string; signers: string[] }, { client }) => {
    const { body } = await client(api.listSigners, paramsOf(name))
    return eachOf(signers, async (wanted) => {
      if (!body.some((one) => one.name === wanted))
        throw new Problem(`project ${name} trusts no signer ${wanted}`, {
          exitCode: exitCodes.absent,
          wayOut: `marina trust list ${name}`,
        })
      const says = `project ${name} will not trust the signer ${wanted} any more`
      return { name: wanted, says, call: { params: { project_name_or_id: name, signer_name: wanted } } }
    })
  },
})

const onOff = ['on', 'off'] as const
type SetGiven = { project: string; verify?: string; cosign?: string; notation?: string }

const set: Verb<SetGiven> = {
  name: 'set',
  about: 'say which signatures an image must have to be pulled; what is not named stays',
  arguments: [project],
  options: [
    { flags: '--verify <on|off>', about: 'one that is verified, by a signer of the project', choices: onOff },
    { flags: '--cosign <on|off>', about: 'any by cosign, not verified, as in Harbor', choices: onOff },
    { flags: '--notation <on|off>', about: 'any by notation, not verified, as in Harbor', choices: onOff },
  ],
  examples: [['marina trust set team --verify on', 'only what the signers of the project signed']],
  async run({ project: name, verify, cosign, notation }, { client, out }) {
    const wanted = { verify_signatures: verify, enable_content_trust_cosign: cosign, enable_content_trust: notation }
    const named = Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined)
    if (named.length === 0) throw wrongUsage('nothing is to be changed', '--verify, --cosign or --notation')
    const metadata = Object.fromEntries(named.map(([key, value]) => [key, String(value === 'on')]))
    await client(projects.updateProject, { ...paramsOf(name), body: { metadata } })
    await out.done(`changed which signatures project ${name} asks for`, name)
  },
}

const rootShape: Shape<TrustRoot> = {
  kind: 'trusted root',
  name: ({ name }) => name,
  columns: [
    { name: 'name', of: ({ name }) => name },
    { name: 'authorities', of: ({ certificate_authorities: count }) => count },
    { name: 'logs', of: ({ transparency_logs: count }) => count },
    { name: 'projects', of: ({ projects: count }) => count },
    { name: 'changed', of: ({ update_time: at }) => time(at), style: () => 'dim' },
  ],
}

const roots: Verb = {
  name: 'roots',
  about: 'list the trusted roots of Sigstore that were imported',
  async run(_, { client, out }) {
    await out.rows(rootShape, (await client(api.listTrustRoots, {})).body)
  },
}

const importRoot: Verb<{ root: string; file: string }> = {
  name: 'import-root',
  about: 'import a trusted root, by which accounts are checked without a network; needs an administrator',
  arguments: [
    { name: 'root', about: 'its name here, such as sigstore' },
    { name: 'file', about: 'trusted_root.json' },
  ],
  examples: [['marina trust import-root sigstore trusted_root.json', 'as a Sigstore publishes it']],
  async run({ root, file }, { client, out }) {
    await client(api.putTrustRoot, { params: { trust_root_name: root }, body: parse(read(file), file) })
    await out.done(`imported the trusted root ${root}`, root)
  },
}

function parse(text: string, file: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw new Problem(`${file} is not JSON: ${(error as Error).message}`)
  }
}

const removeRoot = deleting({
  name: 'remove-root',
  operation: api.deleteTrustRoot,
  kind: 'trusted root',
  about: 'delete trusted roots that no signer needs',
  arguments: [{ name: 'roots', about: 'their names', isMany: true }],
  find: ({ roots: names }: { roots: string[] }) =>
    eachOf(names, async (name) => ({
      name,
      says: `the trusted root ${name} will be deleted`,
      call: { params: { trust_root_name: name } },
    })),
})

export const verbs: Verb[] = [list, add, remove, set, roots, importRoot, removeRoot]
