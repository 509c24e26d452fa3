import { LRUCache } from 'lru-cache'
import { OciError } from '../../../oci/errors.ts'
import { isCallable } from '../../platform/outbound/outbound.ts'
import { failed } from './answers.ts'
import { callApi } from './api.ts'
import { ask, drop } from './ask.ts'
import { openAuth } from './auth.ts'
import { deleteBlob, hasBlob, openBlob, statBlob } from './blobs.ts'
import type { Line } from './line.ts'
import { firstBehind, listCatalog, listReferrerPages, listTagPages } from './lists.ts'
import { noLocks } from './locks.ts'
import { readManifest, statManifest } from './manifest-read.ts'
import { deleteManifest, deleteTag, writeManifest } from './manifests.ts'
import { sendBlob } from './send.ts'
import { receiveBlob } from './receive.ts'
import type { Remote, RemoteLimits, RemoteOptions } from './types.ts'
import { appendUpload, cancelUpload, findUpload, finishUpload, mountBlob, putBlob, startUpload } from './uploads.ts'

export { noBudget } from './budget.ts'
export { RemoteFailed } from './failed.ts'
export { remoteName } from './name.ts'
export type * from './types.ts'

/** The defaults of the settings group `endpoints`. */
const remoteLimits: RemoteLimits = {
  silenceMs: 60_000,
  tries: 5,
  backOffMs: 1000,
  patienceMs: 3_600_000,
  manifestBytes: 4 * 1024 * 1024,
  answerBytes: 16 * 1024 * 1024,
  pages: 100_000,
}

/** The most uploads whose state is kept in memory; of others the other side is asked. */
const mostUploads = 1000

/** Opens another registry. Sends nothing until the first call. Throws RemoteFailed for a URL that cannot be one. */
export function openRemote({ endpoint, limits, ...shared }: RemoteOptions): Remote {
  const { name = hostOf(endpoint.url) } = endpoint
  const line: Line = {
    locks: noLocks,
    ...shared,
    endpoint: { ...endpoint, name },
    limits: { ...remoteLimits, ...limits },
    base: endpoint.url.replace(/[/\s]+$/, ''),
    auth: openAuth(endpoint.credential),
    seen: { referrersApi: undefined, deletesTags: undefined },
    place: { isInside: undefined },
    uploads: new LRUCache({ max: mostUploads }),
    signal: undefined,
  }
  if (!isCallable(endpoint.url) || /[?#]/.test(endpoint.url)) {
    const why = 'it is not the URL of a registry: give https://host[:port], without name, password and query'
    throw failed(line, { method: 'GET', url: line.base }, 'refused', why)
  }
  return remoteOf(line)
}

const hostOf = (url: string): string => (URL.canParse(url) && new URL(url).host) || 'the endpoint'

function remoteOf(line: Line): Remote {
  const { id, name, url } = line.endpoint
  return {
    ...reading(line),
    ...writing(line),
    endpoint: { name, url, ...(id === undefined ? {} : { id }) },
    seen: line.seen,
    until: (signal) => remoteOf({ ...line, signal: line.signal ? AbortSignal.any([line.signal, signal]) : signal }),
    ping: () => ping(line),
    api: (call) => callApi(line, call),
  }
}

type Reading =
  | 'readManifest'
  | 'statManifest'
  | 'statBlob'
  | 'readBlob'
  | 'openBlob'
  | 'receiveBlob'
  | 'blobUrl'
  | 'hasBlob'
  | 'listTags'
  | 'listReferrers'
  | 'listRepositories'
  | 'repositories'
  | 'tags'
  | 'referrers'

function reading(line: Line): Pick<Remote, Reading> {
  return {
    readManifest: (name, reference) => readManifest(line, name, reference),
    statManifest: (name, reference, known) => statManifest(line, name, reference, known),
    statBlob: (name, digest) => statBlob(line, name, digest),
    readBlob: (name, digest) => statBlob(line, name, digest),
    openBlob: (name, digest, range) => openBlob(line, name, digest, range),
    receiveBlob: (name, digest, receiver) => receiveBlob(line, name, digest, receiver),
    // A client has no credential of the other side, and its presigned URLs are for Marina.
    blobUrl: async () => undefined,
    hasBlob: (name, digest) => hasBlob(line, name, digest),
    listTags: (name, page) => firstBehind(line, listTagPages(line, name, { size: page.limit, last: page.last }), page),
    async listReferrers(name, subject, { limit, last, artifactType }) {
      const found = []
      for await (const page of listReferrerPages(line, name, subject, artifactType)) found.push(...page)
      const sorted = found.sort((a, b) => (a.digest < b.digest ? -1 : 1))
      return sorted.filter(({ digest }) => digest > last).slice(0, limit)
    },
    // Which repositories there are depends on the endpoint's credential alone.
    listRepositories: (_viewer, page) =>
      firstBehind(line, listCatalog(line, { size: page.limit, last: page.last }), page),
    repositories: () => flat(listCatalog(line)),
    tags: (name) => flat(listTagPages(line, name)),
    referrers: (name, subject, artifactType) => flat(listReferrerPages(line, name, subject, artifactType)),
  }
}

function writing(line: Line): Omit<Remote, Reading | 'endpoint' | 'seen' | 'until' | 'ping' | 'api'> {
  return {
    startUpload: (name, _by, algorithm) => startUpload(line, name, algorithm),
    findUpload: (name, id) => findUpload(line, name, id),
    appendUpload: (name, id, bytes, at) => appendUpload(line, name, id, bytes, { at }),
    finishUpload: (name, id, _by, digest, bytes, at) => finishUpload(line, name, id, digest, bytes, at),
    cancelUpload: (name, id) => cancelUpload(line, name, id),
    async writeBlob(name, _by, digest, bytes, size) {
      if (size !== undefined) return putBlob(line, name, digest, bytes, size)
      const { id } = await startUpload(line, name, digest.startsWith('sha512') ? 'sha512' : 'sha256')
      return finishUpload(line, name, id, digest, bytes)
    },
    mountBlob: (name, _by, from, digest) => mountBlob(line, name, from, digest),
    writeManifest: (name, _by, push) => writeManifest(line, name, push),
    deleteManifest: (name, _by, digest) => deleteManifest(line, name, digest),
    deleteTag: (name, _by, tag) => deleteTag(line, name, tag),
    deleteBlob: (name, _by, digest) => deleteBlob(line, name, digest),
    sendBlob: (name, _by, blob) => sendBlob(line, name, blob),
  }
}

/** `GET /v2/` with the credential, once: an administrator waits for the answer. */
async function ping(given: Line): Promise<void> {
  const line = {
    ...given,
    limits: { ...given.limits, tries: 1, patienceMs: Math.min(given.limits.patienceMs, 10_000) },
  }
  const question = { method: 'GET', url: `${line.base}/v2/`, scopes: [], expects: [200], isRepeatable: true }
  try {
    await drop(await ask(line, question))
  } catch (error) {
    if (!(error instanceof OciError) || error.code !== 'NOT_FOUND') throw error
    throw failed(line, question, 'not-a-registry', 'no registry answers there: check the URL', { answered: 404 })
  }
}

async function* flat<Entry>(all: AsyncGenerator<Entry[]>): AsyncGenerator<Entry, void> {
  for await (const page of all) yield* page
}
