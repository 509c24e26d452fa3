import type { Digest } from '../../../oci/digest.ts'
import type { Descriptor } from '../../../oci/manifest.ts'
import type { Reference, RepositoryName } from '../../../oci/reference.ts'
import type { Bytes } from '../../platform/blobs/blobs.ts'
import type { Log } from '../../platform/observe/log.ts'
import type { Outbound } from '../../platform/outbound/outbound.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { BlobStat, ManifestStat, Registry, Upload } from '../registry.ts'
import type { Budget } from './budget.ts'
import type { Locks } from './locks.ts'

/** What is sent as proof. Names and secrets are never logged and stand in no error. */
export type Proof =
  /** Name and password: for Basic, and for a token service. */
  | { kind: 'basic'; username: string; password: string }
  /** A token that the registry itself takes (`Authorization: Bearer`). */
  | { kind: 'bearer'; token: string }
  /** A refresh token ("identity token") for the token service's POST (distribution, "Token OAuth2"). */
  | { kind: 'refresh'; token: string }

/** A proof, or a function that gives one that is valid until `endsAt` (ECR, Artifact Registry). */
export type Credential = Proof | { kind: 'fresh'; fresh(signal?: AbortSignal): Promise<{ proof: Proof; endsAt: Date }> }

/** Where another registry is, and how to talk to it. */
export type Endpoint = {
  /** The saved endpoint's id; undefined for one that is only tried (ping). Its budget is shared by this id. */
  id?: number
  /** What errors call it; the URL's host by default. */
  name?: string
  /** `https://host[:port][/path]`; `/v2/` is below it. */
  url: string
  credential?: Credential | undefined
  /** True accepts any certificate. */
  insecure?: boolean
  /** Authorities to trust beside the system's, PEM. */
  caCertificate?: string | undefined
  /** Replaces the `realm` of a challenge: the token service, as Marina reaches it. */
  tokenServiceUrl?: string | undefined
}

export type RemoteOptions = {
  outbound: Outbound
  endpoint: Endpoint
  /** Shared with all processes (`openBudgets(...).of(endpoint)`), or `noBudget` for a single ping. */
  budget: Budget
  /** Shared with all processes (`openLocks`); by default no other process changes what this one changes. */
  locks?: Locks
  log: Log
  limits?: Partial<RemoteLimits>
}

/** Settings group `endpoints`; times in ms, sizes in bytes. */
export type RemoteLimits = {
  /** The longest silence of the other side. */
  silenceMs: number
  /** How often a call that is safe to repeat is sent, the first time included. */
  tries: number
  /** The first pause between two tries; doubles, with jitter. */
  backOffMs: number
  /** The longest that a call waits for the budget (429, 503). Then it fails with TOOMANYREQUESTS. */
  patienceMs: number
  /** The most bytes of a manifest. */
  manifestBytes: number
  /** The most bytes of one answer in JSON: a page of a list, a token. */
  answerBytes: number
  /** The most pages of one list. */
  pages: number
}

/** A call of a vendor's own API, with the endpoint's authorization, budget, TLS and retries. */
export type ApiCall = {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the endpoint's URL (`/api/v2.0/projects`), or a whole URL of any host. */
  path: string
  headers?: Record<string, string>
  /** Sent as JSON; a string or Buffer is sent as it is. */
  body?: unknown
  /**
   * `endpoint` (default): Basic with name and password, or Bearer, to the endpoint's origin only. `none`: nothing.
   * `registry`: as `/v2/` calls (challenge, token service) with this scope.
   */
  authorization?: 'endpoint' | 'none' | { scope: string }
  /** Statuses that are answers (others throw RemoteFailed); 200 to 299 by default. */
  expects?: number[]
  /** True also repeats a method that is not safe by itself (POST, PATCH). */
  isRepeatable?: boolean
}

/** `json()` throws RemoteFailed (`not-a-registry`) when the body is not JSON; `read` checks or picks from it. */
export type ApiReply = {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  json<Value = unknown>(read?: (json: unknown) => Value): Value
  /** The next page's URL, from `Link: <...>; rel="next"`, checked to be of the same origin. */
  next: string | undefined
}

/** What the other side was seen to do. `undefined`: not tried yet. */
export type Seen = {
  /** `GET /v2/<name>/referrers/<digest>`; false: Marina uses the tag scheme instead. */
  referrersApi: boolean | undefined
  /** `DELETE /v2/<name>/manifests/<tag>`. */
  deletesTags: boolean | undefined
}

/** Takes the bytes of a blob as they come. */
export type BlobReceiver = {
  /** The first byte that is wanted; 0 by default. */
  from?: number
  /** Told when the other side begins to send. */
  onBegun?(): void
  /**
   * Takes a chunk, in order; a promise holds up the other side until it resolves. The chunk's memory is the receiver's,
   * which may free it (`freeNow`).
   */
  take(chunk: Buffer): Promise<void> | undefined
}

/** The source of a blob's bytes, opened anew from byte `at` when the line is cut. */
export type BlobSource = (at: number, signal?: AbortSignal) => Promise<Bytes>

export type SendBlob = {
  digest: Digest
  size: number
  open: BlobSource
  /** The bytes were hashed when they were stored: that they are whole is left to the other side, which hashes them. */
  isVerified?: boolean
  /** An upload that an earlier try began (`onUpload`); a new one when the other side no longer knows it. */
  upload?: string
  /** Sends in PATCH requests of this many bytes at most; by default one request holds all. */
  chunkBytes?: number
  /** Told of the upload to keep in the database, with the bytes that the other side has confirmed. */
  onUpload?(upload: Upload): void | Promise<void>
}

/**
 * Another registry over HTTP. All methods fail with OciError: the registry's own code where it is about the thing asked
 * for (MANIFEST_UNKNOWN, ...), else RemoteFailed, whose message names the endpoint, the URL, the status and what to do.
 * Repository names may have one component here: `remoteName`.
 *
 * `Upload.id` is opaque and can change with each call: keep the one returned last. Any process can go on with it.
 */
export interface Remote extends Registry {
  readonly endpoint: Readonly<Pick<Endpoint, 'id' | 'url'> & { name: string }>
  readonly seen: Readonly<Seen>
  /** The same registry (tokens, budget, what was seen), whose calls end when the signal is aborted. */
  until(signal: AbortSignal): Remote
  /** Asks `/v2/` with the credential. RemoteFailed has a reason that a person understands. */
  ping(): Promise<void>
  api(call: ApiCall): Promise<ApiReply>
  /** All repositories, in the order of the other side, streamed page by page (`/v2/_catalog`). */
  repositories(): AsyncGenerator<RepositoryName, void>
  /** All tags of a repository, streamed page by page. */
  tags(name: RepositoryName): AsyncGenerator<string, void>
  /** All referrers of a subject, by the API or by the tag scheme, streamed. */
  referrers(name: RepositoryName, subject: Digest, artifactType?: string): AsyncGenerator<Descriptor, void>
  /** Whether the repository has the blob; false for BLOB_UNKNOWN and NAME_UNKNOWN. */
  hasBlob(name: RepositoryName, digest: Digest): Promise<boolean>
  /** As in Registry. `known`: what it was last, which the other side may confirm without more (`If-None-Match`). */
  statManifest(name: RepositoryName, reference: Reference, known?: ManifestStat): Promise<ManifestStat>
  /** Gives a blob's bytes to the receiver and goes on when the line is cut. Does not check their digest. */
  receiveBlob(name: RepositoryName, digest: Digest, receiver: BlobReceiver): Promise<void>
  /**
   * Sends a blob and goes on from the byte that arrived when the line is cut, here or in an earlier process. Throws
   * DIGEST_INVALID or SIZE_INVALID when the source has other bytes.
   */
  sendBlob(name: RepositoryName, by: Actor, blob: SendBlob): Promise<BlobStat>
  /** As in Registry; with `size` in one PUT of that length. */
  writeBlob(name: RepositoryName, by: Actor, digest: Digest, bytes: Bytes, size?: number): Promise<BlobStat>
}

/**
 * What the roof lends to features (`app/house.ts`): opens a remote with the shared outbound, budgets and settings. An
 * endpoint that is not saved (no `id`) gets a budget by its URL.
 */
export type OpenRemote = (endpoint: Endpoint, limits?: Partial<RemoteLimits>) => Remote
