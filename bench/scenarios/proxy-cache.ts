import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { blobOf, openCounter } from '../counter.ts'
import { openDelay } from '../delay.ts'
import { basic, startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { freePort, output, type Scratch } from '../scratch.ts'

const MiB = 2 ** 20
const image = { layers: 4, bytes: 50 * MiB, delayMs: 20, atOnce: 3 }
/** 1 Gbit/s, as between two sites: on loopback, upstream and client take the processors that Marina needs. */
const lineBytesPerSecond = 125_000_000
/** 500 times 200 MiB would be 100 GB: minutes of nothing but copying on two cores. */
const crowd = { clients: 500, bytes: 5 * MiB }
const costRounds = 5

type Part = { digest: string; size: number }
/** What a client needs to know of an image: the paths of its blobs. */
type Pushed = { name: string; blobs: Part[] }

export const proxyCache: Scenario = {
  name: 'proxy-cache',
  says:
    'pull of a new image of 200 MiB over a line with 20 ms: directly, through Marina, through docker-registry as a ' +
    'proxy; the second pull; 500 clients that pull one new image of 20 MiB at once',
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const marina = await startMarina(scratch, { MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
    const upstream = await startDocker(scratch, 'upstream')
    await using line = await openDelay(upstream, image.delayMs)
    const proxy = await startDocker(scratch, 'proxy', `http://127.0.0.1:${line.port}`)
    await makeCache(marina, 'far', line.port)
    const rows = await compareCold(bench, {
      marina,
      upstream,
      line: line.port,
      proxy,
      project: 'far',
      what: 'first pull',
    })
    rows.push(...(await measureCost(bench, { marina, upstream })))
    rows.push(...(await compareByLine(bench, { marina, upstream })))
    rows.push(...(await compareWarm(bench, marina, upstream)))
    rows.push(...(await measureCrowd(bench, marina, upstream)))
    return rows
  },
}

/** What first pulls cost Marina, whatever else the processors do. */
async function measureCost({ say }: Bench, { marina, upstream }: Pick<Sides, 'marina' | 'upstream'>): Promise<Row[]> {
  await using line = await openDelay(upstream, image.delayMs)
  await makeCache(marina, 'cost', line.port)
  const [main, all]: [number[], number[]] = [[], []]
  for (let round = 0; round < costRounds; round++) {
    const pushed = await pushNew(upstream)
    const before = processorSeconds(marina.pid)
    await pull(marina.port, 'cost/', pushed, basic)
    const after = processorSeconds(marina.pid)
    main.push(after.main - before.main)
    all.push(after.all - before.all)
    say(`processor time: main thread ${main.at(-1)!.toFixed(3)} s, all threads ${all.at(-1)!.toFixed(3)} s`)
  }
  const what = 'processor time of a first pull of 200 MiB'
  return [
    { what: `${what}, main thread`, unit: 's', ours: main, target: { most: 0.35 } },
    { what: `${what}, all threads`, unit: 's', ours: all },
  ]
}

/** Of the main thread, and of all threads that live. */
function processorSeconds(pid: number): { main: number; all: number } {
  const secondsOf = (task: string) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9
  const all = readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + secondsOf(task), 0)
  return { main: secondsOf(String(pid)), all }
}

/** The same over a line of 1 Gbit/s. */
async function compareByLine(bench: Bench, { marina, upstream }: Pick<Sides, 'marina' | 'upstream'>): Promise<Row[]> {
  await using line = await openDelay(upstream, image.delayMs, lineBytesPerSecond)
  const proxy = await startDocker(bench.scratch, 'proxy-by-line', `http://127.0.0.1:${line.port}`)
  await makeCache(marina, 'line', line.port)
  const what = 'first pull at 1 Gbit/s'
  return await compareCold(bench, { marina, upstream, line: line.port, proxy, project: 'line', what })
}

type Sides = { marina: Registry; upstream: number; line: number; proxy: number; project: string; what: string }

/** Each pull has an image of its own, so that none finds it in a cache. */
async function compareCold(bench: Bench, { marina, upstream, line, proxy, project, what }: Sides): Promise<Row[]> {
  const coldly = (pull: (pushed: Pushed) => Promise<void>) => async () => {
    const pushed = await pushNew(upstream)
    return timed(() => pull(pushed))
  }
  const values = await takeTurns(bench, what, {
    direct: coldly((pushed) => pull(line, '', pushed)),
    marina: coldly((pushed) => pull(marina.port, `${project}/`, pushed, basic)),
    proxy: coldly((pushed) => pull(proxy, '', pushed)),
  })
  const row = { what: `${what}, 200 MiB over 20 ms`, unit: 's', ours: values.marina, lessIsBetter: true } as const
  return [
    { ...row, against: { name: 'direct', values: values.direct }, target: { ratio: 1 / 1.15 } },
    { ...row, against: { name: 'docker-registry as a proxy', values: values.proxy } },
  ]
}

/** A pull from a cache beside one from an ordinary project of the same Marina. */
async function compareWarm(bench: Bench, marina: Registry, upstream: number): Promise<Row[]> {
  const cached = await pushNew(upstream)
  await makeCache(marina, 'near', upstream)
  await pull(marina.port, 'near/', cached, basic)
  const own = await pushNew(marina.port, { prefix: 'library/', authorization: basic })
  const values = await takeTurns(bench, 'second pull', {
    cache: () => timed(() => pull(marina.port, 'near/', cached, basic)),
    project: () => timed(() => pull(marina.port, '', own, basic)),
  })
  return [
    {
      what: 'second pull of 200 MiB',
      unit: 's',
      ours: values.cache,
      against: { name: 'an ordinary project', values: values.project },
      lessIsBetter: true,
      target: { ratio: 0.9 },
    },
  ]
}

/** Many clients want the same new image; the upstream is counted, and the memory of Marina watched. */
async function measureCrowd({ say }: Bench, marina: Registry, upstream: number): Promise<Row[]> {
  await using counter = await openCounter(upstream, blobOf)
  await makeCache(marina, 'crowd', counter.port)
  const pushed = await pushNew(upstream, { bytes: crowd.bytes })
  const before = residentBytes(marina.pid)
  let most = before
  const watching = setInterval(() => (most = Math.max(most, residentBytes(marina.pid))), 100)
  const agent = new Agent({ keepAlive: true, maxSockets: crowd.clients })
  const seconds = await timed(async () => {
    const results = await Promise.allSettled(
      Array.from({ length: crowd.clients }, () => pullQuietly(agent, marina.port, 'crowd/', pushed)),
    )
    const failed = results.filter(({ status }) => status === 'rejected')
    if (failed.length > 0)
      throw new Error(
        `${failed.length} of ${crowd.clients} pulls failed: ${String((failed[0] as PromiseRejectedResult).reason)}`,
      )
  })
  clearInterval(watching)
  agent.destroy()
  say(`${crowd.clients} clients: ${seconds.toFixed(1)} s`)
  const perBlob = Math.max(...pushed.blobs.map(({ digest }) => counter.count(digest)))
  return [
    {
      what: `${crowd.clients} clients, one new image: fetches of each blob`,
      unit: 'requests',
      ours: [perBlob],
      target: { most: 1 },
    },
    { what: 'the same: all have it', unit: 's', ours: [seconds] },
    { what: 'the same: growth of the process', unit: 'MiB', ours: [(most - before) / MiB], target: { most: 250 } },
  ]
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  await output('sync', [])
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

/** As docker pulls: the manifest, then blobs, three at once, by curl. */
async function pull(port: number, prefix: string, { name, blobs }: Pushed, authorization?: string): Promise<void> {
  const head = ['-H', `accept: ${manifestType}`, ...(authorization ? ['-H', `authorization: ${authorization}`] : [])]
  const fetchOne = (path: string) =>
    output('curl', ['-sS', '-f', '-o', '/dev/null', ...head, `http://127.0.0.1:${port}/v2/${prefix}${name}/${path}`])
  await fetchOne('manifests/v1')
  const left = [...blobs]
  const worker = async () => {
    for (let one = left.shift(); one; one = left.shift()) await fetchOne(`blobs/${one.digest}`)
  }
  await Promise.all(Array.from({ length: image.atOnce }, worker))
}

/** The same by this process, for hundreds of clients. Throws unless every byte came. */
async function pullQuietly(agent: Agent, port: number, prefix: string, { name, blobs }: Pushed): Promise<void> {
  const path = `/v2/${prefix}${name}`
  await readAll(agent, port, `${path}/manifests/v1`, undefined)
  for (const { digest, size } of blobs) await readAll(agent, port, `${path}/blobs/${digest}`, size)
}

function readAll(agent: Agent, port: number, path: string, size: number | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: basic, accept: manifestType }
    get({ host: '127.0.0.1', port, path, agent, headers }, (answer: IncomingMessage) => {
      let count = 0
      answer.on('data', (chunk: Buffer) => (count += chunk.length))
      answer.on('error', reject)
      answer.on('end', () => {
        const isWhole = answer.statusCode === 200 && (size === undefined || count === size)
        if (isWhole) resolve()
        else reject(new Error(`${path}: ${answer.statusCode}, ${count} bytes`))
      })
    }).on('error', reject)
  })
}

const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024

let images = 0

const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** `bytes`: of each layer. */
type New = { prefix?: string; authorization?: string; bytes?: number }

/** A new image in a repository of its own. */
async function pushNew(port: number, { prefix = '', authorization, bytes = image.bytes }: New = {}): Promise<Pushed> {
  const name = `${prefix}app${++images}`
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', made: randomBytes(8).toString('hex') }),
  )
  const layers: Part[] = []
  for (let at = 0; at < image.layers; at++) layers.push(await pushBlob(port, name, randomBytes(bytes), authorization))
  const part = (one: Part, type: string) => ({ ...one, mediaType: `application/vnd.oci.image.${type}` })
  const first = await pushBlob(port, name, config, authorization)
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: part(first, 'config.v1+json'),
    layers: layers.map((one) => part(one, 'layer.v1.tar+gzip')),
  }
  const sent = { body: Buffer.from(JSON.stringify(manifest)), type: manifestType }
  await ask(port, 'PUT', `/v2/${name}/manifests/v1`, sent, authorization)
  return { name, blobs: [first, ...layers] }
}

async function pushBlob(port: number, name: string, bytes: Buffer, authorization?: string): Promise<Part> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const begun = await ask(port, 'POST', `/v2/${name}/blobs/uploads/`, undefined, authorization)
  const place = new URL(begun.headers.get('location')!, `http://127.0.0.1:${port}`)
  place.searchParams.set('digest', digest)
  const sent = { body: bytes, type: 'application/octet-stream' }
  await ask(port, 'PUT', place.pathname + place.search, sent, authorization)
  return { digest, size: bytes.length }
}

/** A public project that caches the registry at this port. */
async function makeCache({ port }: Registry, name: string, upstream: number): Promise<void> {
  const url = `http://127.0.0.1:${upstream}`
  const endpoint = await ask(port, 'POST', '/api/v2.0/registries', json({ name, type: 'docker-registry', url }), basic)
  const id = Number(/\d+$/.exec(endpoint.headers.get('location')!)![0])
  await ask(port, 'POST', '/api/v2.0/projects', json({ project_name: name, registry_id: id }), basic)
}

const json = (value: unknown) => ({ body: Buffer.from(JSON.stringify(value)), type: 'application/json' })

async function ask(
  port: number,
  method: string,
  path: string,
  sent?: { body: Buffer; type: string },
  authorization?: string,
): Promise<Response> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { ...(authorization ? { authorization } : {}), ...(sent ? { 'content-type': sent.type } : {}) },
    ...(sent ? { body: new Uint8Array(sent.body) } : {}),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** Debian's docker-registry without authentication; with `remote` as its pull-through cache. Returns its port. */
async function startDocker(scratch: Scratch, name: string, remote?: string): Promise<number> {
  const port = await freePort()
  const file = scratch.path(`${name}.json`)
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: scratch.path(name) } },
    http: { addr: `127.0.0.1:${port}` },
    ...(remote ? { proxy: { remoteurl: remote } } : {}),
  }
  writeFileSync(file, JSON.stringify(config))
  await scratch.start(['docker-registry', 'serve', file], { port, env: { OTEL_TRACES_EXPORTER: 'none' } })
  return port
}
