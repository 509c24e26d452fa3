import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Credential, Endpoint as RemoteEndpoint, OpenRemote, Remote } from '../../registry/remote/remote.ts'
import type {
  Adapter,
  AdapterInfo,
  AdapterType,
  Address,
  Expected,
  ListedArtifact,
  Located,
  Reach,
  Wanted,
} from './adapters/adapter.ts'
import { findAdapter } from './adapters/adapters.ts'
import { credentialOf } from './adapters/credential.ts'
import type { MachineRole } from './adapters/machine-role.ts'
import { findEndpoint, type Endpoint } from './store.ts'

/** Encrypts and decrypts secrets that are stored in the database. */
export type Seal = { seal(plain: string, purpose: string): string; unseal(sealed: string, purpose: string): string }

/** An endpoint ready for use: the registry at it, and what its vendor has beside the registry. */
export type OpenEndpoint = {
  endpoint: Endpoint
  type: AdapterType
  info: AdapterInfo
  remote: Remote
  /** The repositories that are wanted, streamed page by page. Names that stand in the pattern itself need not exist. */
  repositories(wanted: Wanted): AsyncIterable<RepositoryName>
  /** What a repository has, streamed page by page. Throws NAME_UNKNOWN. */
  artifacts(name: RepositoryName): AsyncIterable<ListedArtifact>
  /** Makes what must exist before a push to these repositories. */
  prepare(repositories: Expected[]): Promise<void>
  /** Deletes one tag, not its artifact. Throws UNSUPPORTED where `info.cannotDeleteTags` says why. */
  deleteTag(name: RepositoryName, tag: Tag, by: Actor): Promise<void>
}

/** What is needed to reach an endpoint, saved or not. */
export type Reachable = Address &
  Pick<Endpoint, 'type' | 'isInsecure' | 'caCertificate'> & { id?: number; name?: string }

type Ground = { db: Queryable; seal: Seal; openRemote: OpenRemote; machineRole: MachineRole }
type Limits = Parameters<OpenRemote>[1]

/** Lent to features that copy from and to other registries. */
export type Endpoints = {
  /** Throws NOT_FOUND, or an OciError when the vendor cannot be asked where the registry is. */
  open(id: number): Promise<OpenEndpoint>
}

/** How many open endpoints are kept with their tokens; the one opened first goes first. */
const keptOpen = 100

/**
 * Opens endpoints by id; one that was not changed meanwhile is opened once, and keeps its tokens. `limits`: other ones
 * than those of the settings.
 */
export function openEndpoints(ground: Ground, limits?: Limits): Endpoints {
  const known = new Map<number, { version: number; opened: Promise<Omit<OpenEndpoint, 'endpoint'>> }>()
  return {
    async open(id) {
      const endpoint = await findEndpoint(ground.db, id)
      if (!endpoint) throw new Failure('NOT_FOUND', `registry ${id} not found`)
      const { version } = endpoint
      let entry = known.get(id)
      if (entry?.version !== version) {
        known.delete(id)
        entry = { version, opened: reach(ground, reachable(ground.seal, endpoint), limits) }
        known.set(id, entry)
        if (known.size > keptOpen) known.delete(known.keys().next().value!)
        const mine = entry
        entry.opened.catch(() => known.get(id) === mine && known.delete(id))
      }
      return { endpoint, ...(await entry.opened) }
    },
  }
}

const purpose = 'endpoint secret'
export const sealSecret = (seal: Seal, plain: string) => (plain === '' ? null : seal.seal(plain, purpose))

/** A stored endpoint with its secret decrypted. */
export function reachable(seal: Seal, { sealedSecret, ...one }: Endpoint): Reachable & Omit<Endpoint, 'sealedSecret'> {
  return { ...one, accessSecret: sealedSecret === null ? '' : seal.unseal(sealedSecret, purpose) }
}

/** Finds the registry of an endpoint and opens it. Sends nothing, unless its adapter has to ask where it is. */
export async function reach(
  { openRemote, machineRole }: Pick<Ground, 'openRemote' | 'machineRole'>,
  given: Reachable,
  limits?: Limits,
): Promise<Omit<OpenEndpoint, 'endpoint'>> {
  const adapter = findAdapter(given.type)
  const open = (url: string, credential: Credential | undefined) =>
    openRemote({ ...remoteEndpoint(given), url, credential }, limits)
  const { url, credential, vendor, facts } = await locate(adapter, given, { open, machineRole })
  const remote = open(url, credential)
  return verbsOf(adapter, {
    address: given,
    remote,
    vendor: vendor ? open(vendor.url, vendor.credential) : remote,
    facts: facts ?? {},
    machineRole,
  })
}

async function locate(
  adapter: Adapter,
  given: Reachable,
  lent: { open(url: string, credential: Credential | undefined): Remote; machineRole: MachineRole },
): Promise<Located> {
  if (!adapter.locate) return { url: given.url, credential: credentialOf(given) }
  const plain = lent.open(given.url, undefined)
  return adapter.locate(given, {
    api: (call) => plain.api(call),
    name: plain.endpoint.name,
    machineRole: lent.machineRole,
  })
}

function remoteEndpoint(one: Reachable): Omit<RemoteEndpoint, 'url' | 'credential'> {
  return {
    ...(one.id === undefined ? {} : { id: one.id }),
    ...(one.name === undefined ? {} : { name: one.name }),
    insecure: one.isInsecure,
    ...(one.caCertificate && { caCertificate: one.caCertificate }),
    ...(one.tokenServiceUrl && { tokenServiceUrl: one.tokenServiceUrl }),
  }
}

/** The verbs of an adapter; those it does not have are a plain registry's. */
function verbsOf(adapter: Adapter, reach: Reach): Omit<OpenEndpoint, 'endpoint'> {
  const { remote } = reach
  const { type, info } = adapter
  return {
    type,
    info,
    remote,
    async *repositories(wanted) {
      // Names are not looked up: many registries show a name to those who know it, and no list.
      if (wanted.names) return yield* wanted.names
      let last: string | undefined
      for await (const name of adapter.list ? adapter.list(reach, wanted) : remote.repositories()) {
        // A list that changes while its pages are read can show the end of one page again.
        if (name !== last && wanted.takes(name)) yield name
        last = name
      }
    },
    artifacts: (name) => (adapter.artifacts ? adapter.artifacts(reach, name) : listTags(remote, name)),
    prepare: async (repositories) => adapter.prepare?.(reach, repositories),
    async deleteTag(name, tag, by) {
      if (info.cannotDeleteTags !== undefined) throw new OciError('UNSUPPORTED', info.cannotDeleteTags)
      await (adapter.deleteTag ? adapter.deleteTag(reach, name, tag) : deleteTag(remote, name, tag, by))
    },
  }
}

async function* listTags(remote: Remote, name: RepositoryName): AsyncGenerator<ListedArtifact> {
  for await (const tag of remote.tags(name))
    yield { tags: [tag as Tag], digest: undefined, labels: [], kind: undefined }
}

async function deleteTag(remote: Remote, name: RepositoryName, tag: Tag, by: Actor): Promise<void> {
  await remote.deleteTag(name, by, tag).catch((error: unknown) => {
    const isGone = error instanceof OciError && ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'].includes(error.code)
    if (!isGone) throw error
  })
}
