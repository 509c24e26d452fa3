import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A stand-in for a scanner adapter, written from the specification of pluggable scanners 1.0 to 1.2: it checks every
 * header that it gets, and pulls the image with the credential that it is given before it reports.
 */
type ScannerAdapter = AsyncDisposable & {
  url: string
  /** What was wrong with requests, in their order; empty when nothing was. */
  problems: string[]
  /** The bodies of POST /scan, in their order. */
  scans: ScanBody[]
  /** How often each scan's report was asked for, by the scan's id. */
  looks: Map<string, number>
  /** What the adapter says of itself; a test may change it. */
  metadata: { scanner: object; capabilities: object[]; properties: Record<string, string> }
  /** The headers by which callers must authenticate themselves; none by default. */
  wanted: Record<string, string>
  /** How scans of a repository go, by its name; others pull the image and find nothing. */
  plans: Map<string, Plan>
}

type ScanBody = {
  registry: { url: string; authorization: string; insecure: boolean }
  artifact: { repository: string; tag: string; digest: string; mime_type: string; size: number }
  enabled_capabilities: {
    type: string
    produces_mime_types: string[]
    parameters: { sbom_media_types: string[] } | null
  }[]
}

/** An answer: a list of chunks is sent in turn. The last step of a list is the answer to all later requests. */
type Step = { status: number; headers?: Record<string, string>; body?: string | Iterable<string> }
export type Plan = {
  /** Answers to POST /scan; 202 with an id by default. */
  begin?: Step[]
  /** Answers to GET report; a report of `vulnerabilities` by default. */
  report?: Step[]
  vulnerabilities?: object[]
  /** The document of a scan for an SBOM. */
  sbom?: object
  /** A scan of this repository does not pull. */
  isLazy?: true
}

const types = {
  metadata: 'application/vnd.scanner.adapter.metadata+json; version=1.0',
  request: 'application/vnd.scanner.adapter.scan.request+json; version=1.0',
  response: 'application/vnd.scanner.adapter.scan.response+json; version=1.0',
  generic: 'application/vnd.security.vulnerability.report; version=1.1',
  native: 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
  sbom: 'application/vnd.security.sbom.report+json; version=1.0',
}
const spdx = 'application/spdx+json'
export const imageTypes = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
]

/** `pullsFrom`: where the registry really is; the URL that the adapter is told is only noted. */
export async function openScannerAdapter(pullsFrom: () => string): Promise<ScannerAdapter> {
  const state = {
    problems: [] as string[],
    scans: [] as ScanBody[],
    looks: new Map<string, number>(),
    metadata: {
      scanner: { name: 'Probe', vendor: 'Tests', version: '1.2.3' },
      capabilities: [
        { type: 'vulnerability', consumes_mime_types: imageTypes, produces_mime_types: [types.generic, types.native] },
      ],
      properties: {},
    },
    wanted: {} as Record<string, string>,
    plans: new Map<string, Plan>(),
  }
  const server = createServer((request, response) => {
    answer(state, pullsFrom, request, response).catch((error: unknown) => {
      state.problems.push(`${request.method} ${request.url}: ${(error as Error).message}`)
      send(response, { status: 500, body: JSON.stringify({ error: { message: (error as Error).message } }) })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  })
}

type State = Omit<ScannerAdapter, 'url' | typeof Symbol.asyncDispose>

async function answer(state: State, pullsFrom: () => string, request: IncomingMessage, response: ServerResponse) {
  const { method = '', url = '', headers } = request
  const body = Buffer.concat((await request.toArray()) as Buffer[]).toString('utf8')
  const path = /\/api\/v1(\/.*)$/.exec(url)?.[1] ?? url
  const expect = (name: string, value: string) => {
    if (headers[name] !== value)
      state.problems.push(`${method} ${path}: ${name} is ${String(headers[name])}, not ${value}`)
  }
  for (const [name, value] of Object.entries(state.wanted)) expect(name, value)
  if (method === 'GET' && path === '/metadata') {
    expect('accept', types.metadata)
    return send(response, { status: 200, body: JSON.stringify(state.metadata) })
  }
  if (method === 'POST' && path === '/scan') {
    expect('accept', types.response)
    expect('content-type', types.request)
    return begin(state, pullsFrom, JSON.parse(body) as ScanBody, response)
  }
  const [, id, query = ''] = /^\/scan\/([^/?]+)\/report(\?.*)?$/.exec(path) ?? []
  const scan = state.scans[Number(id) - 1]
  if (method !== 'GET' || id === undefined || !scan)
    return send(response, { status: 404, body: errorOf('no such scan') })
  expect('accept', scan.enabled_capabilities[0]!.produces_mime_types[0]!)
  const isSbom = scan.enabled_capabilities[0]!.type === 'sbom'
  if (query !== (isSbom ? `?sbom_media_type=${encodeURIComponent(spdx)}` : ''))
    state.problems.push(`${method} ${path}: the query is wrong`)
  const look = state.looks.get(id) ?? 0
  state.looks.set(id, look + 1)
  const plan = state.plans.get(scan.artifact.repository) ?? {}
  const type = { 'content-type': isSbom ? types.sbom : types.generic }
  const report = isSbom ? sbomOf(state, scan, plan) : reportOf(state, plan)
  send(response, stepOf(plan.report, look) ?? { status: 200, headers: type, body: report })
}

const stepOf = (steps: Step[] | undefined, index: number) => steps?.[Math.min(index, steps.length - 1)]
const errorOf = (message: string) => JSON.stringify({ error: { message } })

const reportOf = (state: State, { vulnerabilities = [] }: Plan) =>
  JSON.stringify({
    generated_at: '2026-11-30T00:00:00Z',
    scanner: state.metadata.scanner,
    severity: 'None',
    vulnerabilities,
  })

const sbomOf = (state: State, { artifact }: ScanBody, { sbom }: Plan) =>
  JSON.stringify({
    generated_at: '2026-11-30T00:00:00Z',
    artifact,
    scanner: state.metadata.scanner,
    media_type: spdx,
    sbom: sbom ?? { spdxVersion: 'SPDX-2.3', name: artifact.digest, packages: [] },
  })

/** What is wrong with the wish of a scan (pluggable scanner API 1.2: exactly one capability). */
function wishProblem({ enabled_capabilities: wishes }: ScanBody): string | undefined {
  const [wish, second] = wishes
  if (!wish || second) return 'there is not exactly one capability'
  if (wish.type === 'sbom' && wish.parameters?.sbom_media_types.join() !== spdx) return 'sbom_media_types is wrong'
  return undefined
}

async function begin(state: State, pullsFrom: () => string, scan: ScanBody, response: ServerResponse) {
  state.scans.push(scan)
  const problem = wishProblem(scan)
  if (problem !== undefined) state.problems.push(`POST /scan: ${problem}`)
  const plan = state.plans.get(scan.artifact.repository) ?? {}
  const step = stepOf(
    plan.begin,
    state.scans.filter((one) => one.artifact.repository === scan.artifact.repository).length - 1,
  )
  if (step) return send(response, step)
  const id = String(state.scans.length)
  if (!plan.isLazy) await pull(pullsFrom(), scan)
  send(response, { status: 202, headers: { 'content-type': types.response }, body: JSON.stringify({ id }) })
}

/** Throws an Error when the image cannot be pulled with the credential of the scan. */
async function pull(from: string, { registry, artifact }: ScanBody): Promise<void> {
  const headers = { authorization: registry.authorization, accept: artifact.mime_type }
  const get = async (path: string) => {
    const reply = await fetch(`${from}/v2/${artifact.repository}/${path}`, { headers })
    if (reply.status !== 200) throw new Error(`the pull of ${path} was answered with ${reply.status}`)
    return Buffer.from(await reply.arrayBuffer())
  }
  const manifest = JSON.parse((await get(`manifests/${artifact.digest}`)).toString()) as {
    config: { digest: string }
    layers: { digest: string; size: number }[]
  }
  await get(`blobs/${manifest.config.digest}`)
  for (const { digest, size } of manifest.layers)
    if ((await get(`blobs/${digest}`)).length !== size) throw new Error(`${digest} is not whole`)
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Step): void {
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
