import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { openBuild, type Build, type Encoding } from './files.ts'
import { unbuiltPage } from './unbuilt.ts'

export type Portal = {
  /**
   * Answers GET and HEAD of the portal's files, and of every page that a browser asks for. Resolves with false, and
   * answers nothing, when the path is not the portal's. `headers` go with each answer.
   */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    asked: { path: string; headers: Record<string, string> },
  ): Promise<boolean>
}

type PortalOptions = {
  /** By which browsers reach Marina; its path, if it has one, is where the portal's addresses begin. */
  externalUrl: string | undefined
  /** The folder of the builds. */
  folder?: string
}

const ownFolder = path.resolve(import.meta.dirname, '../../../.cache/portal')
/** Paths that belong to programs: a wrong one among them is no page. */
const notPages = /^\/(?:api|v1|v2|c|service|chartrepo|metrics|devcenter[^/]*)(?:\/|$)/
const safe = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** Serves the portal from the build that is there when the first request comes. */
export function openPortal({ externalUrl, folder = ownFolder }: PortalOptions): Portal {
  const base = baseOf(externalUrl)
  let opened: Promise<Build | undefined> | undefined
  const find = async () => {
    const build = await (opened ??= openBuild(folder))
    // It may be built while Marina runs.
    if (!build) opened = undefined
    return build
  }
  return {
    async answer(request, response, { path: place, headers }) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return false
      const isAsset = place.startsWith('/assets/')
      if (!isAsset && !isPage(request, place)) return false
      const build = await find()
      if (!build) return isAsset ? false : sendUnbuilt(request, response, place, headers)
      return isAsset
        ? sendAsset(build, request, response, place.slice(1), headers)
        : sendIndex(build, request, response, { ...headers, ...policyOf(build) }, base)
    },
  }
}

function isPage({ headers }: IncomingMessage, place: string): boolean {
  return place === '/' || (!notPages.test(place) && (headers.accept ?? '').includes('text/html'))
}

/** The path of the external URL, with a slash at both ends. A proxy that adds this path takes it away again. */
function baseOf(externalUrl: string | undefined): string {
  const place = externalUrl === undefined ? '/' : new URL(externalUrl).pathname
  return place.endsWith('/') ? place : `${place}/`
}

/** Own scripts and styles alone; the hash allows the script that sets the theme before the first paint. */
function policyOf({ scriptHash }: Build): Record<string, string> {
  const rules = [
    "default-src 'none'",
    `script-src 'self' ${scriptHash}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ]
  return { 'content-security-policy': rules.join('; ') }
}

type Headers = Record<string, string>

async function sendIndex(
  build: Build,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Headers,
  base: string,
): Promise<true> {
  const etag = `"${build.hash}"`
  const all = { ...headers, ...safe, 'cache-control': 'no-cache', etag }
  if (request.headers['if-none-match'] === etag) return end(response, 304, all)
  const html = (await build.read('index.html', 'identity'))
    .toString('utf8')
    .replace('<base href="/">', `<base href="${base}">`)
  return send(request, response, Buffer.from(html), { ...all, 'content-type': 'text/html; charset=utf-8' })
}

/** Names of assets hold a hash of their content, so that browsers keep them for a year. */
async function sendAsset(
  build: Build,
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  headers: Headers,
): Promise<boolean> {
  const file = Object.hasOwn(build.files, name) ? build.files[name] : undefined
  if (!file) return false
  const all = {
    ...headers,
    ...safe,
    'cache-control': 'public, max-age=31536000, immutable',
    'vary': 'accept-encoding',
    'etag': file.etag,
  }
  if (request.headers['if-none-match'] === file.etag) return end(response, 304, all)
  const encoding = encodingOf(request.headers['accept-encoding'] ?? '')
  const encoded: Headers = encoding === 'identity' ? {} : { 'content-encoding': encoding }
  return send(request, response, await build.read(name, encoding), { ...all, ...encoded, 'content-type': file.type })
}

/** The smallest form that the client takes. A form with the weight 0 is not taken (RFC 9110, 12.5.3). */
function encodingOf(accepted: string): Encoding {
  const takes = (name: string) =>
    accepted.split(',').some((one) => {
      const [coding = '', ...parameters] = one
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/)
      return coding === name && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
    })
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : 'identity'
}

function sendUnbuilt(request: IncomingMessage, response: ServerResponse, place: string, headers: Headers): true {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
  const text = Buffer.from(unbuiltPage(request.headers.host ?? 'localhost'))
  return send(
    request,
    response,
    text,
    {
      ...headers,
      ...safe,
      'content-security-policy': policy,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
    },
    place === '/' ? 200 : 404,
  )
}

function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer, headers: Headers, status = 200): true {
  response.writeHead(status, { ...headers, 'content-length': bytes.length })
  response.end(request.method === 'HEAD' ? undefined : bytes)
  return true
}

function end(response: ServerResponse, status: number, headers: Headers): true {
  response.writeHead(status, headers).end()
  return true
}
