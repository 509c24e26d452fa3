import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A stand-in for services that preheat images, at one address: a Dragonfly manager, written from its open API
 * (d7y.io, "Preheat"; manager/types/job.go), and Kraken's proxy, which takes notifications of a registry. The manager
 * pulls an image with the headers that it is given before it says that a job has succeeded.
 */
type PreheatProvider = AsyncDisposable & {
  url: string
  requests: Called[]
  /** The jobs of the manager, in their order; the id of a job is its place, from 1. */
  jobs: DragonflyJob[]
  /** What Kraken was told of. */
  notified: { repository: string; tag: string; digest: string; url: string; mediaType: string }[]
  /** What was wrong with requests, in their order; empty when nothing was. */
  problems: string[]
  /** The headers by which callers must authenticate themselves; none by default. */
  wanted: Record<string, string>
  /** Answers before all else; undefined lets the service answer. */
  answer(how: (request: Called) => Reply | undefined): void
  /** How a job goes on that is looked at; by default it has succeeded at its second look, and has pulled the image. */
  plan(how: (job: DragonflyJob) => 'SUCCESS' | 'FAILURE' | 'PENDING' | 'STARTED'): void
}

type Called = { method: string; path: string; headers: IncomingHttpHeaders; body: string }
/** `never` leaves a request unanswered. Chunks of a list are sent in turn. */
export type Reply = 'never' | { status?: number; headers?: Record<string, string>; body?: string | Iterable<string> }

type DragonflyJob = {
  id: number
  repository: string
  reference: string
  scope: string | undefined
  clusters: number[] | undefined
  authorization: string
  looks: number
}

type State = Omit<PreheatProvider, 'url' | 'answer' | 'plan' | typeof Symbol.asyncDispose> & {
  how: (request: Called) => Reply | undefined
  goesOn: Parameters<PreheatProvider['plan']>[0]
}

/** `pullsFrom`: where the registry really is; undefined: nothing is pulled. */
export async function openPreheatProvider(pullsFrom?: () => string): Promise<PreheatProvider> {
  const state: State = {
    requests: [],
    jobs: [],
    notified: [],
    problems: [],
    wanted: {},
    how: () => undefined,
    goesOn: ({ looks }) => (looks < 2 ? 'PENDING' : 'SUCCESS'),
  }
  const server = createServer((request, response) => {
    serve(state, pullsFrom, request, response).catch((error: unknown) => {
      state.problems.push(`${request.method} ${request.url}: ${(error as Error).message}`)
      send(response, { status: 500, body: JSON.stringify({ message: (error as Error).message }) })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (how: State['how']) => void (state.how = how),
    plan: (how: State['goesOn']) => void (state.goesOn = how),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  })
}

async function serve(
  state: State,
  pullsFrom: (() => string) | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url: path = '', headers } = request
  const body = Buffer.concat((await request.toArray()) as Buffer[]).toString('utf8')
  const called = { method, path, headers, body }
  state.requests.push(called)
  const reply = state.how(called)
  if (reply === 'never') return
  if (reply) return send(response, reply)
  if (Object.entries(state.wanted).some(([name, value]) => headers[name] !== value))
    return send(response, { status: 401, body: '{"message":"Unauthorized"}' })
  // Instances have paths of their own, which say nothing.
  const line = `${method} ${/\/(?:healthy|health|registry\/notifications|oapi\/v1\/jobs(?:\/\d+)?)$/.exec(path)?.[0]}`
  if (line === 'GET /healthy' || line === 'GET /health') return send(response, { body: 'OK' })
  if (line === 'POST /registry/notifications') return notify(state, body, response)
  if (line === 'POST /oapi/v1/jobs') return begin(state, body, response)
  const [, id] = /^GET \/oapi\/v1\/jobs\/(\d+)$/.exec(line) ?? []
  const job = state.jobs[Number(id) - 1]
  return job ? look(state, pullsFrom, job, response) : send(response, { status: 404, body: '{"message":"Not Found"}' })
}

type Notification = {
  Events: {
    Action: string
    Target: { MediaType: string; Digest: string; Repository: string; Url: string; Tag: string }
  }[]
}

function notify(state: State, body: string, response: ServerResponse): void {
  for (const { Action, Target } of (JSON.parse(body) as Notification).Events) {
    if (Action !== 'push') throw new Error(`Kraken looks at pushes only, not at ${Action}`)
    const { MediaType: mediaType, Digest: digest, Repository: repository, Url: url, Tag: tag } = Target
    state.notified.push({ repository, tag, digest, url, mediaType })
  }
  send(response, { body: '' })
}

type JobBody = {
  type: string
  args: { type: string; url: string; headers?: Record<string, string>; scope?: string }
  scheduler_cluster_ids?: number[]
}

function begin(state: State, body: string, response: ServerResponse): void {
  const { type, args, scheduler_cluster_ids: clusters } = JSON.parse(body) as JobBody
  const [, repository, reference] = /^https?:\/\/[^/]+\/v2\/(.+)\/manifests\/([^/]+)$/.exec(args.url) ?? []
  if (type !== 'preheat' || args.type !== 'image') throw new Error(`there are no jobs of type ${type}/${args.type}`)
  if (repository === undefined || reference === undefined) throw new Error(`${args.url} is not the URL of a manifest`)
  if (args.scope !== undefined && !/^(?:single_seed_peer|all_seed_peers|all_peers)$/.test(args.scope))
    throw new Error(`there is no scope ${args.scope}`)
  const authorization = args.headers?.['Authorization'] ?? ''
  const id = state.jobs.length + 1
  state.jobs.push({ id, repository, reference, scope: args.scope, clusters, authorization, looks: 0 })
  send(response, {
    body: JSON.stringify({ id, type: 'preheat', state: 'PENDING', created_at: '2026-11-30T00:00:00Z' }),
  })
}

async function look(
  state: State,
  pullsFrom: (() => string) | undefined,
  job: DragonflyJob,
  response: ServerResponse,
): Promise<void> {
  job.looks++
  const goesOn = state.goesOn(job)
  if (goesOn === 'SUCCESS' && pullsFrom) await pull(pullsFrom(), job)
  const peer = { url: 'blob', hostname: 'peer-1', ip: '10.0.0.1' }
  const results = [{ scheduler_cluster_id: 1, success_tasks: [peer], failure_tasks: [] }]
  const result = {
    SUCCESS: { job_states: [{ error: '', results }] },
    FAILURE: { job_states: [{ error: 'peer not there', results: [] }] },
  }
  send(response, {
    body: JSON.stringify({
      id: job.id,
      state: goesOn,
      ...(goesOn in result ? { result: result[goesOn as 'SUCCESS'] } : {}),
    }),
  })
}

/** Throws an Error when the image cannot be pulled with the headers of the job. */
async function pull(from: string, { repository, reference, authorization }: DragonflyJob): Promise<void> {
  const get = async (path: string) => {
    const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json'
    const reply = await fetch(`${from}/v2/${repository}/${path}`, { headers: { authorization, accept } })
    if (reply.status !== 200) throw new Error(`the pull of ${path} was answered with ${reply.status}`)
    return Buffer.from(await reply.arrayBuffer())
  }
  type Manifest = { config: { digest: string }; layers: { digest: string }[] }
  const { config, layers } = JSON.parse((await get(`manifests/${reference}`)).toString()) as Manifest
  for (const { digest } of [config, ...layers]) await get(`blobs/${digest}`)
}

function send(response: ServerResponse, { status = 200, headers = {}, body = '' }: Exclude<Reply, 'never'>): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  if (typeof body === 'string') return void response.end(body)
  void sendAll(response, body)
}

async function sendAll(response: ServerResponse, chunks: Iterable<string>): Promise<void> {
  for (const chunk of chunks) {
    if (response.destroyed) return
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  response.end()
}
