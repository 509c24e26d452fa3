import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { openCounter } from '../counter.ts'
import { openDelay } from '../delay.ts'
import { basic, startMarina } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { freePort, output, type Scratch } from '../scratch.ts'

/** A registry as the scenario reaches it. `account`: skopeo's name and password; '' for an open registry. */
export type Side = { port: number; type: 'harbor' | 'docker-registry'; account: string }
type Part = { mediaType: string; digest: string; size: number }

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
}
export const account = Buffer.from(basic.slice('Basic '.length), 'base64').toString()
const small = { repositories: 10, tags: 50 }
const large = { images: 8, bytes: 256 * 2 ** 20, delayMs: 20 }
const unchanged = { repositories: 100, tags: 100 }

export const replication: Scenario = {
  name: 'replication',
  says:
    '500 small images of shared layers: docker-registry to Marina, back, Marina to Marina; 8 images of 256 MiB over ' +
    'a line with 20 ms; a second run over 10,000 unchanged tags. Beside skopeo sync, and regctl where it is given',
  roundsAtMost: 3,
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const more = { MARINA_OUTBOUND_ALLOW: '127.0.0.1' }
    const [one, two] = [
      await startMarina(scratch, more),
      await startMarina(scratch, { ...more, MARINA_DATA_DIR: scratch.path('other') }),
    ]
    const docker: Side = { port: await startPlain(scratch), type: 'docker-registry', account: '' }
    const here: Side = { port: one.port, type: 'harbor', account }
    const there: Side = { port: two.port, type: 'harbor', account }
    await seedSmall(docker, 'up')
    await makeProject(here, 'up')
    await seedSmall(here, 'up')
    const rows = [
      ...(await compare(bench, 'docker-registry to Marina', { by: here, source: docker, target: here, isPull: true })),
      ...(await compare(bench, 'Marina to docker-registry', { by: here, source: here, target: docker })),
      ...(await compare(bench, 'Marina to Marina', { by: here, source: here, target: there })),
    ]
    rows.push(...(await compareLarge(bench, here, docker)))
    rows.push(...(await runUnchanged(bench, here, there)))
    return rows
  },
}

type Way = { by: Side; source: Side; target: Side; isPull?: boolean; prefix?: string }

/** The regctl to measure beside, by its path. */
const regctl = process.env['BENCH_REGCTL']

const compare = (bench: Bench, what: string, way: Way) =>
  compareBy(bench, `500 small images, ${what}`, (work) => work(way))

type Copying = (work: (way: Way) => Promise<void>) => Promise<void>

/** Seconds of one copy by Marina, by skopeo sync and by regctl, each into a namespace of its own. */
async function compareBy(bench: Bench, what: string, copying: Copying): Promise<Row[]> {
  const name = what.replace(/\W+/g, '').toLowerCase()
  let round = 0
  const sides: Record<string, () => Promise<number>> = {
    marina: () => timed(() => copying((way) => replicate(way, `m${++round}${name}`))),
    'skopeo sync': () => timed(() => copying((way) => sync(bench.scratch, way, `s${++round}${name}`))),
  }
  if (regctl)
    sides['regctl'] = () => timed(() => copying((way) => copy(bench.scratch, regctl, way, `r${++round}${name}`)))
  const { marina = [], ...others } = await takeTurns(bench, what, sides)
  return Object.entries(others).map(([side, values]) => ({
    what,
    unit: 's',
    ours: marina,
    against: { name: side, values },
    lessIsBetter: true,
    target: { ratio: side === 'regctl' ? 1 : 2 },
  }))
}

async function compareLarge(bench: Bench, here: Side, docker: Side): Promise<Row[]> {
  await makeProject(here, 'large')
  for (let at = 0; at < large.images; at++) await pushImage(here, `large/app${at}`, ['v1'], [randomBytes(large.bytes)])
  // A line of its own for each copy: skopeo remembers by host and port what a target has, and would not copy it again.
  return compareBy(bench, '8 images of 256 MiB, over 20 ms', async (work) => {
    await using line = await openDelay(docker.port, large.delayMs)
    await work({ by: here, source: here, target: { ...docker, port: line.port }, prefix: 'large' })
  })
}

/** A run over tags that are all at the target already: its time, and what it asks of the source. */
async function runUnchanged(bench: Bench, here: Side, there: Side): Promise<Row[]> {
  const { repositories, tags } = unchanged
  await makeProject(there, 'many')
  for (let at = 0; at < repositories; at++) {
    const parts = await pushParts(there, `many/app${at}`, [randomBytes(1000)])
    await each(16, tags, (tag) => pushManifest(there, `many/app${at}`, `v${tag}`, parts, { n: String(tag) }))
    if (at % 20 === 19) bench.say(`${(at + 1) * tags} tags pushed`)
  }
  await using counter = await openCounter(there.port)
  const source = { ...there, port: counter.port }
  const policy = await givenPolicy({ by: here, source, target: here, isPull: true, prefix: 'many' }, 'mirror')
  await runPolicy(here, policy)
  const first = counter.count()
  const seconds = await timed(() => runPolicy(here, policy))
  const asked = (counter.count() - first) / repositories
  return [
    { what: 'second run over 10,000 unchanged tags', unit: 's', ours: [seconds], target: { most: 30 } },
    { what: 'requests of it for each repository', unit: 'requests', ours: [asked], target: { most: 2 } },
  ]
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  await output('sync', [])
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

async function replicate(way: Way, namespace: string): Promise<void> {
  await runPolicy(way.by, await givenPolicy(way, namespace))
}

async function givenPolicy({ by, source, target, isPull = false, prefix = 'up' }: Way, namespace: string) {
  const other = isPull ? source : target
  const [username, password] = other.account.split(':')
  const endpoint = await post(by, '/registries', {
    name: `${namespace}-${other.port}`,
    type: other.type,
    url: `http://127.0.0.1:${other.port}`,
    ...(username ? { credential: { type: 'basic', access_key: username, access_secret: password } } : {}),
  })
  return post(by, '/replication/policies', {
    name: namespace,
    enabled: true,
    override: true,
    [isPull ? 'src_registry' : 'dest_registry']: { id: endpoint },
    dest_namespace: namespace,
    filters: [{ type: 'name', value: `${prefix}/**` }],
  })
}

async function runPolicy(by: Side, policy: number): Promise<void> {
  const id = await post(by, '/replication/executions', { policy_id: policy })
  for (;;) {
    const answer = await ask(by, 'GET', `/api/v2.0/replication/executions/${id}`)
    const { status, status_text: text } = (await answer.json()) as { status: string; status_text: string }
    if (status === 'Succeed') return
    if (status !== 'InProgress') throw new Error(`the run is ${status}: ${text}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const namesOf = (prefix: string) =>
  prefix === 'up'
    ? Array.from({ length: small.repositories }, (_, at) => `up/app${at}`)
    : Array.from({ length: large.images }, (_, at) => `${prefix}/app${at}`)

/** One skopeo for all repositories, from a file that names them. */
async function sync(scratch: Scratch, { source, target, prefix = 'up' }: Way, namespace: string): Promise<void> {
  const file = scratch.path(`${namespace}.yml`)
  const [username = '', password = ''] = source.account.split(':')
  const images = Object.fromEntries(namesOf(prefix).map((name) => [name, []]))
  const credentials = source.account ? { credentials: { username, password } } : {}
  writeFileSync(file, JSON.stringify({ [`127.0.0.1:${source.port}`]: { images, 'tls-verify': false, ...credentials } }))
  if (target.type === 'harbor') await makeProject(target, namespace)
  const to = target.account ? ['--dest-creds', target.account] : ['--dest-no-creds']
  const place = `127.0.0.1:${target.port}/${namespace}`
  await output('skopeo', ['sync', '--src', 'yaml', '--dest', 'docker', '--dest-tls-verify=false', ...to, file, place])
}

/**
 * One regctl for each repository, as it copies one only: ten tags at once in it, or ten repositories with one tag each.
 * Into docker-registry 2.8 two tags at once, which is regctl's default: it refuses some blobs that several push at
 * once. Where that happens, the repository is copied again, as its user would do; the time counts.
 */
async function copy(scratch: Scratch, program: string, way: Way, namespace: string): Promise<void> {
  const { source, target, prefix = 'up' } = way
  if (target.type === 'harbor') await makeProject(target, namespace)
  const hosts = [source, target].flatMap(({ port, account: who }) => {
    const [username, password] = who.split(':')
    return ['--host', `reg=127.0.0.1:${port},tls=disabled${username ? `,user=${username},pass=${password}` : ''}`]
  })
  const names = namesOf(prefix)
  const atOnce = target.type === 'harbor' ? '10' : '2'
  const settings = { REGCTL_CONFIG: scratch.path('regctl.json') }
  await each(prefix === 'up' ? 1 : 10, names.length, async (at) => {
    const [from, to] = [`127.0.0.1:${source.port}/${names[at]}`, `127.0.0.1:${target.port}/${namespace}/${names[at]}`]
    const run = () => output(program, ['repo', 'copy', '--concurrent', atOnce, ...hosts, from, to], settings)
    await run().catch(run).catch(run)
  })
}

async function seedSmall(to: Side, namespace: string): Promise<void> {
  const shared = Array.from({ length: 4 }, () => randomBytes(100_000))
  for (let at = 0; at < small.repositories; at++) {
    const name = `${namespace}/app${at}`
    // One after the other: docker-registry 2.8 answers 500 to some pushes of one blob at once.
    const parts: Part[] = []
    for (const layer of shared) parts.push(await pushBlob(to, name, layer, types.layer))
    await each(8, small.tags, async (tag) => {
      const [config, own] = await pushParts(to, name, [randomBytes(4096)])
      await pushManifest(to, name, `v${tag}`, [config!, ...parts, own!])
    })
  }
}

/** Runs `work` for 0 to `count` - 1, some at once. */
async function each(atOnce: number, count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) await work(next++)
    }),
  )
}

export async function pushImage(to: Side, name: string, tags: string[], layers: Buffer[]): Promise<void> {
  const parts = await pushParts(to, name, layers)
  for (const tag of tags) await pushManifest(to, name, tag, parts)
}

async function pushParts(to: Side, name: string, layers: Buffer[]): Promise<Part[]> {
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', made: randomBytes(8).toString('hex') }),
  )
  const parts = [await pushBlob(to, name, config, types.config)]
  for (const layer of layers) parts.push(await pushBlob(to, name, layer, types.layer))
  return parts
}

async function pushBlob(to: Side, name: string, bytes: Buffer, mediaType: string): Promise<Part> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const part = { mediaType, digest, size: bytes.length }
  if ((await ask(to, 'HEAD', `/v2/${name}/blobs/${digest}`, undefined, [200, 404])).status === 200) return part
  const begun = await ask(to, 'POST', `/v2/${name}/blobs/uploads/`, undefined, [202])
  const place = new URL(begun.headers.get('location')!, `http://127.0.0.1:${to.port}`)
  place.searchParams.set('digest', digest)
  await ask(to, 'PUT', place.pathname + place.search, { body: bytes, type: 'application/octet-stream' }, [201])
  return part
}

async function pushManifest(to: Side, name: string, tag: string, [config, ...layers]: Part[], annotations = {}) {
  const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config, layers, annotations }))
  await ask(to, 'PUT', `/v2/${name}/manifests/${tag}`, { body, type: types.manifest }, [201])
}

export const makeProject = (at: Side, name: string) =>
  ask(at, 'POST', '/api/v2.0/projects', json({ project_name: name }), [201, 409])

const json = (value: unknown) => ({ body: Buffer.from(JSON.stringify(value)), type: 'application/json' })

export async function post(to: Side, path: string, body: object): Promise<number> {
  const answer = await ask(to, 'POST', `/api/v2.0${path}`, json(body), [201])
  return Number(/\d+$/.exec(answer.headers.get('location')!)![0])
}

export async function ask(
  { port, account: who }: Side,
  method: string,
  path: string,
  sent?: { body: Buffer; type: string },
  wanted = [200],
): Promise<Response> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { ...(who ? { authorization: basic } : {}), ...(sent ? { 'content-type': sent.type } : {}) },
    ...(sent ? { body: new Uint8Array(sent.body) } : {}),
  })
  if (!wanted.includes(answer.status)) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** Debian's docker-registry without authentication; returns its port. */
async function startPlain(scratch: Scratch): Promise<number> {
  const port = await freePort()
  const file = scratch.path('plain.json')
  writeFileSync(
    file,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: scratch.path('plain') } },
      http: { addr: `127.0.0.1:${port}` },
    }),
  )
  await scratch.start(['docker-registry', 'serve', file], { port, env: { OTEL_TRACES_EXPORTER: 'none' } })
  return port
}
