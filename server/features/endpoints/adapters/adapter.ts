import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName, Tag } from '../../../../oci/reference.ts'
import type { Credential, Remote } from '../../../registry/remote/remote.ts'

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

/** Where a registry is, and with what Marina signs in; `accessKey` is '' for an anonymous one. */
export type Address = {
  type: AdapterType
  /** Scheme, host and port, without a slash at the end. */
  url: string
  accessKey: string
  accessSecret: string
}

/** A call to a vendor's API, which need not be at the registry's host. */
export type ApiCall = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
  /** Absolute, or a path at the endpoint's URL. */
  url: string
  headers?: Record<string, string>
  /** Sent as JSON, unless it is text. */
  body?: unknown
  /** Further statuses that are returned instead of thrown; any 2xx always is. */
  allow?: number[]
}
export type ApiAnswer = { status: number; headers: Record<string, string | string[] | undefined>; text: string }

/** Sends a call. Throws EndpointFailed with the URL, the status and the vendor's own words. */
export type CallApi = (call: ApiCall) => Promise<ApiAnswer>

/** An endpoint in use: the registry at it, and its vendor's API. */
export type Reach = { address: Address; remote: Remote; call: CallApi }

/** Which repositories a policy is about. An adapter may list more; `listWanted` drops what it does not take. */
export type Wanted = {
  /** The part of the pattern before its first special character: `library/ng` of `library/ng*`. */
  prefix: string
  /** The names that the pattern means if it has no wildcards (`library/{nginx,redis}`); then nothing must be listed. */
  names: RepositoryName[] | undefined
  takes(name: string): boolean
}

/** An artifact as the vendor lists it. `tags` is empty for an untagged one. */
export type ListedArtifact = {
  tags: Tag[]
  /** Undefined where the vendor's list has none: then each artifact has one tag, and a HEAD tells the digest. */
  digest: Digest | undefined
  /** Names of labels (Harbor only). */
  labels: string[]
  /** Harbor's word for what it is (`IMAGE`, `CHART`, ...), where the vendor says. */
  kind: string | undefined
}

export type ListedRepository = {
  name: RepositoryName
  /** Read lazily, page by page; NAME_UNKNOWN when the repository has gone. */
  artifacts(): AsyncIterable<ListedArtifact>
}

/** A repository that is about to be pushed to. `isPublic`: of the project it comes from, where known. */
export type Expected = { name: RepositoryName; isPublic?: boolean | undefined }

type EndpointPattern = { kind: 'standard' } | { kind: 'fix' | 'list'; endpoints: { key: string; value: string }[] }

/** What the portal and policies must know of an adapter. */
export type AdapterInfo = {
  /** Which resource filters it takes: `artifact` is everything that is no image. */
  resources: ('image' | 'artifact')[]
  filtersByLabel: boolean
  /** Whether a layer can be copied in several requests. */
  copiesByChunk: boolean
  endpoints: EndpointPattern
  /** Fixed names for the fields of the credential, where the vendor wants a file or a fixed name. */
  credential?: { accessKey?: string; secretIsFile?: boolean }
  /** Fewest and most parts of a repository's name; `most` undefined: any number. */
  nameParts?: { least: number; most: number | undefined }
  /** Whether a proxy-cache project may use it. */
  servesProxyCache: boolean
  /** Why no single tag can be deleted there; undefined when `deleteTag` works. */
  cannotDeleteTags?: string
}

/** Where the registry itself is, and how Marina signs in there. */
export type Located = { url: string; credential: Credential | undefined }

/**
 * One vendor: data and its verbs. Everything else (`/v2`, tokens, retries, budget) is the registry's, the same for all.
 * adapter.suite.ts holds each to the same behaviour.
 */
export type Adapter = {
  type: AdapterType
  info: AdapterInfo
  /** Where it is not at the endpoint's URL with the endpoint's credential (ECR's tokens, Docker Hub's two hosts). */
  locate?(address: Address, call: CallApi): Located | Promise<Located>
  /** Lists what there is, in pages, without holding it in memory. */
  list(reach: Reach, wanted: Wanted): AsyncIterable<ListedRepository>
  /** Makes what must exist before a push (projects, namespaces, repositories); what exists already is no error. */
  prepare?(reach: Reach, repositories: Expected[]): Promise<void>
  /** Deletes one tag and leaves the artifact and its other tags. A tag that has gone is no error. */
  deleteTag?(reach: Reach, name: RepositoryName, tag: Tag): Promise<void>
}
