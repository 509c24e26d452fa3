import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import type { Credential, Remote } from '../../../registry/remote/remote.ts'
import type { MachineRole } from './machine-role.ts'

/** Harbor's names of the kinds of registries, and `oci` for one that has nothing but the distribution API. */
export type AdapterType =
  | 'ali-acr'
  | 'aws-ecr'
  | 'azure-acr'
  | 'docker-hub'
  | 'docker-registry'
  | 'dtr'
  | 'github-ghcr'
  | 'gitlab'
  | 'google-gcr'
  | 'harbor'
  | 'huawei-SWR'
  | 'jfrog-artifactory'
  | 'oci'
  | 'quay'
  | 'tencent-tcr'
  | 'volcengine-cr'

/** What the portal and policies must know of an adapter; wire.ts writes it in Harbor's words. */
export type AdapterInfo = {
  /** Which resource filters it takes: `artifact` is everything that is no image. */
  resources: ('image' | 'artifact')[]
  filtersByLabel?: true
  /** Whether a layer can be sent in several requests. */
  copiesByChunk?: true
  /** URLs to choose from, with a name for each; `isFixed`: there is no other. */
  endpoints?: { isFixed: boolean; urls: { key: string; url: string }[] }
  /** Harbor names it in its table of patterns although it has none. */
  hasEmptyPattern?: true
  /** What the portal writes into the field of the access key, where the secret is a file. */
  secretFileKey?: string
  /** Fewest and most parts of a repository's name there; any number by default. */
  nameParts?: { least?: number; most?: number }
  /** Why no single tag can be deleted there; undefined when one can. */
  cannotDeleteTags?: string
}

/** The saved part of an endpoint that an adapter needs. `accessKey` and `accessSecret` are '' for an anonymous one. */
export type Address = {
  /** Scheme, host and port, without a slash at the end. */
  url: string
  /** The token service to ask in place of the one that the registry names; '' for that one. */
  tokenServiceUrl: string
  credentialType: '' | 'basic' | 'oauth'
  accessKey: string
  accessSecret: string
}

/** What an adapter may use before it is known where the registry is. */
export type Lent = {
  /** Calls at the endpoint's URL, or at whole URLs; nothing is sent as proof. */
  api: Remote['api']
  /** What errors call the endpoint. */
  name: string
  machineRole: MachineRole
}

/** Where the registry and the API of its vendor are, and with what Marina signs in at each. */
export type Located = {
  url: string
  credential: Credential | undefined
  /** The vendor's API, if it is somewhere else or takes another proof. */
  vendor?: { url: string; credential: Credential | undefined }
  /** What was found out on the way: an account, a region, the id of an instance. No secrets. */
  facts?: Readonly<Record<string, string>>
}

/** An endpoint in use. `vendor.api` calls the vendor's API; it is `remote` itself where both are at one place. */
export type Reach = {
  address: Address
  remote: Remote
  vendor: Remote
  facts: Readonly<Record<string, string>>
  machineRole: MachineRole
}

/** Which repositories are wanted: those whose names match a doublestar pattern. */
export type Wanted = {
  /** The part of the pattern before its first special character: `library/ng` of `library/ng*`. */
  prefix: string
  /** The names that a pattern without wildcards means (`library/{nginx,redis}`). They need not exist. */
  names: RepositoryName[] | undefined
  takes(name: string): boolean
}

/** An artifact as the vendor lists it. */
export type ListedArtifact = {
  /** Empty for an untagged one. */
  tags: Tag[]
  /** Undefined where the vendor's list has none: then there is exactly one tag, and a HEAD tells the digest. */
  digest: Digest | undefined
  /** Names of labels (Harbor only). */
  labels: string[]
  /** Harbor's word for what it is (`IMAGE`, `CHART`, ...); undefined where the vendor's list does not say. */
  kind: string | undefined
  /** Signatures, SBOMs and the like that belong to it, with theirs; absent where the list does not say. */
  accessories?: Digest[]
}

/** A repository that is about to be pushed to. `isPublic`: whether everybody may read it at its source, if known. */
export type Expected = { name: RepositoryName; isPublic?: boolean | undefined }

/**
 * One vendor: data, and what is different from a plain registry (open.ts has the default of each verb). Tokens,
 * retries, budget and TLS are those of the remote, the same for all. adapter.suite.ts holds each to the same behaviour.
 */
export type Adapter = {
  type: AdapterType
  info: AdapterInfo
  /** By default the registry is at the endpoint's URL, and is given the endpoint's credential. */
  locate?(address: Address, lent: Lent): Located | Promise<Located>
  /** Lists the names of repositories page by page; may list more than is wanted. By default `/v2/_catalog`. */
  list?(reach: Reach, wanted: Wanted): AsyncIterable<RepositoryName>
  /** Lists what a repository has, page by page. Throws NAME_UNKNOWN. By default the tags of `/v2/<name>/tags/list`. */
  artifacts?(reach: Reach, name: RepositoryName): AsyncIterable<ListedArtifact>
  /** Makes what must exist before a push: projects, namespaces, repositories. What exists already is no error. */
  prepare?(reach: Reach, repositories: Expected[]): Promise<void>
  /** Deletes one tag and not its artifact. A tag that has gone is no error. By default by DELETE on /v2. */
  deleteTag?(reach: Reach, name: RepositoryName, tag: Tag): Promise<void>
}
