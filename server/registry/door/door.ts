import type { IncomingMessage } from 'node:http'
import { OciError } from '../../../oci/errors.ts'
import type { Answer, Peer } from '../../platform/http/server.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'
import { readOnlyText } from '../gate.ts'
import type { Registry } from '../registry.ts'
import { parseRequest, type RegistryRequest } from '../request.ts'
import { mirroredTarget, mirrorOf, projectOfHost } from '../views/proxied/mirrors.ts'
import { answerBlob, type BlobOptions } from './blobs.ts'
import { answerCatalog, answerReferrers, answerTags, type ListOptions } from './lists.ts'
import { answerManifest, sendPlain, type ManifestOptions } from './manifests.ts'
import { sendJson } from './reply.ts'
import { checkRights, identify, type Exchange, type SessionOptions } from './session.ts'
import { answerToken } from './token.ts'
import { answerUpload, answerUploads, type UploadOptions } from './uploads.ts'
import { openWays, type Ways, type WaysOptions } from './ways.ts'

/** All that the endpoints need; the file of each noun declares its own part. */
export type DoorOptions = SessionOptions &
  ManifestOptions &
  BlobOptions &
  UploadOptions &
  ListOptions &
  WaysOptions & {
    registry: Registry
    /** In bytes: all headers of a request together. */
    limits: { headerBytes: number }
    /** The projects that cache the registry which clients call by this host name; for mirrors of containerd. */
    findMirrors(host: string): Maybe<string[]>
    /** Projects by the host names of Marina that stand for them; mostly none. */
    hosts: ReadonlyMap<string, string>
    /** While true, everything that would change something is denied (C-46). */
    isReadOnly(): Promise<boolean>
  }

export type Door = {
  /**
   * Answers every request below /v2. A pull whose rights and manifest are in the memory cache is answered before this
   * returns. Never throws: it fails by a rejected promise.
   */
  registry(request: IncomingMessage, response: Answer, peer: Peer): Maybe<void>
  /** Answers GET and POST /service/token. */
  token(request: IncomingMessage, response: Answer, peer: Peer): Promise<void>
}

/** How many parsed request targets are kept, about 300 bytes each; beyond that all of them are dropped. */
const targetsKept = 5000

/** URL → RegistryRequest → session → rights → Registry → HTTP. Throws errors that sendOciError answers. */
export function openDoor(options: DoorOptions): Door {
  const readTarget = targetReader()
  const parts = { ...options, ways: openWays(options) }

  return {
    registry(request, response, peer) {
      try {
        return andThen(targetOf(options, request.url!, peer), (target) => {
          const asked = readTarget(target, request.method!)
          return answerRequest(parts, asked, request, response, peer)
        })
      } catch (error) {
        // Rejected, so that the answer comes later: Node first parses the bytes after the headers, which may be no
        // HTTP (C-68).
        return Promise.reject(error)
      }
    },

    token: (request, response, peer) => answerToken(options, request, response, peer),
  }
}

/** The request's target; of a request to a mirror, that of the project which is the mirror. */
function targetOf({ findMirrors, hosts }: DoorOptions, target: string, peer: Peer): Maybe<string> {
  const project = hosts.size === 0 ? undefined : projectOfHost(hosts, peer.host)
  if (project !== undefined) return mirroredTarget(target, [project])
  const host = mirrorOf(target)
  return host === undefined ? target : andThen(findMirrors(host), (projects) => mirroredTarget(target, projects, host))
}

/** A text that cannot be a tag names no manifest: only a push hears what is wrong with it, other requests get 404. */
function absentIfNoTag(error: unknown): unknown {
  if (!(error instanceof OciError) || error.code !== 'TAG_INVALID') return error
  return new OciError('MANIFEST_UNKNOWN', error.message, { detail: error.detail })
}

/** Identifies the caller, checks the rights, and lets the endpoint answer. */
function answerRequest(
  options: DoorOptions & { ways: Ways },
  asked: RegistryRequest,
  request: IncomingMessage,
  response: Answer,
  peer: Peer,
): Maybe<void> {
  return andThen(identify(options, request, peer), (session) => {
    const exchange: Exchange = { request, response, session, peer }
    if (asked.at !== 'manifest' || request.method !== 'GET') return checkAndAnswer(options, asked, exchange)
    const known = options.ways.find(asked, exchange)
    if (known) return sendPlain(options, asked, known.manifest, exchange, known.project)
    return options.ways.first(asked, exchange, () => checkAndAnswer(options, asked, exchange))
  })
}

function checkAndAnswer(options: DoorOptions, asked: RegistryRequest, exchange: Exchange): Maybe<void> {
  const { method } = exchange.request
  return andThen(checkRights(options, asked, exchange), () =>
    method === 'GET' || method === 'HEAD' ? answer(options, asked, exchange) : answerChange(options, asked, exchange),
  )
}

async function answerChange(options: DoorOptions, asked: RegistryRequest, exchange: Exchange): Promise<void> {
  if (await options.isReadOnly()) throw new OciError('DENIED', readOnlyText)
  await answer(options, asked, exchange)
}

function answer(options: DoorOptions, asked: RegistryRequest, exchange: Exchange): Maybe<void> {
  switch (asked.at) {
    case 'base':
      return sendJson(exchange.response, 200, {})
    case 'catalog':
      return answerCatalog(options, asked, exchange)
    case 'tags':
      return answerTags(options, asked, exchange)
    case 'referrers':
      return answerReferrers(options, asked, exchange)
    case 'manifest':
      return answerManifest(options, asked, exchange)
    case 'blob':
      return answerBlob(options, asked, exchange)
    case 'uploads':
      return answerUploads(options, asked, exchange)
    case 'upload':
      return answerUpload(options, asked, exchange)
  }
}

/** Parses request targets and keeps those of pulls: they repeat, and parsing takes as long as finding the manifest. */
function targetReader(): (target: string, method: string) => RegistryRequest {
  const targets = new Map<string, RegistryRequest>()
  return (target, method) => {
    const known = targets.get(target)
    if (known) return known
    const asked = parseTarget(target, method)
    if (asked.at === 'manifest' && target.length < 512) {
      if (targets.size === targetsKept) targets.clear()
      targets.set(target, asked)
    }
    return asked
  }
}

function parseTarget(target: string, method: string): RegistryRequest {
  try {
    return parseRequest(target)
  } catch (error) {
    throw method === 'PUT' ? error : absentIfNoTag(error)
  }
}
