/**
 * Stand-ins for an HTTP auth proxy with its token review, and for UAA, written from the public documentation: Harbor's
 * HTTP authentication, Kubernetes' TokenReview, and UAA's API documentation. Neither was held against the real thing.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Certificate } from './certificate.ts'
import { openOtherSide, sendJson } from './other-side.ts'

/** How a stand-in misbehaves: it hangs, answers 500, or answers something else than JSON. */
export type Fault = 'hangs' | 'fails' | 'babbles'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => unknown

/** Opens a server that can be told to misbehave. */
async function openServer(answer: Answer, tls?: Certificate) {
  const state = { fault: undefined as Fault | undefined }
  const side = await openOtherSide(async (request, response) => {
    if (state.fault === 'hangs') return
    const body = await text(request)
    if (state.fault === 'fails') return sendJson(response, { error: 'out of order' }, 500)
    if (state.fault === 'babbles') return response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    return answer(request, response, body)
  }, tls)
  return { side, state }
}

function basicOf({ headers }: IncomingMessage): [name: string, password: string] {
  const pair = Buffer.from((headers.authorization ?? '').slice('Basic '.length), 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  return [pair.slice(0, colon), pair.slice(colon + 1)]
}

type ProxyPerson = { password: string; groups: string[] }

/** `people` by name; `tokens`: whose each is, until it is deleted. */
export async function openAuthProxy(tls?: Certificate) {
  const people = new Map<string, ProxyPerson>()
  const tokens = new Map<string, string>()
  const { side, state } = await openServer((request, response, body) => {
    if (request.url === '/auth') return logIn(request, response)
    if (request.url === '/review') return review(response, body)
    return sendJson(response, {}, 404)
  }, tls)

  function logIn(request: IncomingMessage, response: ServerResponse) {
    const [name, password] = basicOf(request)
    if (request.method !== 'POST' || password === '' || people.get(name.toLowerCase())?.password !== password)
      return sendJson(response, { error: 'wrong' }, 401)
    const token = randomUUID()
    tokens.set(token, name.toLowerCase())
    return sendJson(response, { session_id: token })
  }

  function review(response: ServerResponse, body: string) {
    const { apiVersion, kind, spec } = JSON.parse(body) as { apiVersion: string; kind: string; spec: { token: string } }
    if (kind !== 'TokenReview' || apiVersion !== 'authentication.k8s.io/v1beta1') return sendJson(response, {}, 400)
    const username = tokens.get(spec.token)
    const groups = username === undefined ? undefined : people.get(username)?.groups
    const status =
      username === undefined || groups === undefined
        ? { authenticated: false, error: 'the token is not valid' }
        : { authenticated: true, user: { username, uid: username, groups } }
    return sendJson(response, { apiVersion, kind, spec, status }, 201)
  }

  return {
    url: side.url,
    people,
    tokens,
    asked: side.asked,
    state,
    settings: {
      http_authproxy_endpoint: `${side.url}/auth`,
      http_authproxy_tokenreview_endpoint: `${side.url}/review`,
    },
    [Symbol.asyncDispose]: () => side[Symbol.asyncDispose](),
  }
}

type UaaPerson = { password: string; email?: string; given?: string; family?: string; active?: boolean }

type Client = { id: string; secret: string }
type UaaState = {
  client: Client
  people: Map<string, UaaPerson>
  /** Whose each token is; null for one of the client itself. */
  tokens: Map<string, string | null>
  /** Of the client: `openid` for /userinfo, `scim.read` for the list of users. */
  scopes: Set<string>
}

export async function openUaa(client: Client) {
  const uaa: UaaState = { client, people: new Map(), tokens: new Map(), scopes: new Set(['openid', 'scim.read']) }
  const { side, state } = await openServer((request, response, body) => {
    const url = new URL(request.url!, side.url)
    if (url.pathname === '/oauth/token' && request.method === 'POST') return giveToken(uaa, request, response, body)
    if (url.pathname === '/userinfo') return tellInfo(uaa, request, response)
    if (url.pathname === '/Users') return listUsers(uaa, request, response, url.searchParams.get('filter') ?? '')
    return sendJson(response, { error: 'not_found' }, 404)
  })
  return {
    url: side.url,
    people: uaa.people,
    scopes: uaa.scopes,
    asked: side.asked,
    state,
    settings: { uaa_endpoint: side.url, uaa_client_id: client.id, uaa_client_secret: client.secret },
    [Symbol.asyncDispose]: () => side[Symbol.asyncDispose](),
  }
}

function giveToken(
  { client, people, tokens, scopes }: UaaState,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) {
  const [id, secret] = basicOf(request).map(decodeURIComponent)
  if (id !== client.id || secret !== client.secret)
    return sendJson(response, { error: 'invalid_client', error_description: 'Bad credentials' }, 401)
  const form = new URLSearchParams(body)
  const name = form.get('username') ?? ''
  const person = people.get(name)
  const isOwn = form.get('grant_type') === 'client_credentials'
  if (!isOwn && (person?.password !== form.get('password') || person?.active === false))
    return sendJson(response, { error: 'unauthorized', error_description: 'Bad credentials' }, 401)
  const token = randomUUID()
  tokens.set(token, isOwn ? null : name)
  const scope = [...scopes].join(' ')
  return sendJson(response, { access_token: token, token_type: 'bearer', expires_in: 43199, scope })
}

const idOf = (name: string) => `id-of-${name}`
const holderOf = ({ tokens }: UaaState, { headers }: IncomingMessage) =>
  tokens.get((headers.authorization ?? '').slice('Bearer '.length))

function tellInfo(uaa: UaaState, request: IncomingMessage, response: ServerResponse) {
  const holder = holderOf(uaa, request)
  if (!uaa.scopes.has('openid')) return sendJson(response, { error: 'insufficient_scope' }, 403)
  if (typeof holder !== 'string') return sendJson(response, { error: 'invalid_token' }, 401)
  const { email, given = holder, family = '' } = uaa.people.get(holder)!
  const name = `${given} ${family}`.trim()
  return sendJson(response, { user_id: idOf(holder), sub: idOf(holder), user_name: holder, name, email })
}

function listUsers(uaa: UaaState, request: IncomingMessage, response: ServerResponse, filter: string) {
  if (holderOf(uaa, request) !== null) return sendJson(response, { error: 'invalid_token' }, 401)
  if (!uaa.scopes.has('scim.read')) return sendJson(response, { error: 'insufficient_scope' }, 403)
  const [, quoted = '""'] = /^userName eq (".*")$/.exec(filter) ?? []
  const name = JSON.parse(quoted) as string
  const person = uaa.people.get(name)
  const user = person && {
    id: idOf(name),
    userName: name,
    name: { givenName: person.given, familyName: person.family },
    emails: person.email ? [{ value: person.email, primary: true }] : [],
    active: person.active !== false,
  }
  const resources = user ? [user] : []
  return sendJson(response, { resources, startIndex: 1, itemsPerPage: 100, totalResults: resources.length })
}
