/** Copies between registries in processes of their own: from a docker-registry by two Marinas to another one. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { openRandom } from './faults/random.ts'
import { ask, basic } from './http.ts'
import { digestOf, types } from './image.ts'
import { cleanEnvironment, makeFolder, root, startMarina, type Marina } from './marina.ts'
import { openDockerRegistry } from './registry.ts'

/** A registry, and how it is signed in to. */
type Place = { url: string; headers: Record<string, string> }
type Descriptor = { mediaType: string; digest: string; size: number }

const settings = { MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_WORKER_LEASE: '2s' }
const placeOf = ({ url, password }: Marina): Place => ({ url, headers: basic(password!) })

async function pushBlob({ url, headers }: Place, name: string, bytes: Buffer, mediaType: string): Promise<Descriptor> {
  const begun = await ask(`${url}/v2/${name}/blobs/uploads/`, 202, { method: 'POST', headers })
  const to = new URL(begun.headers.get('location')!, url)
  to.searchParams.set('digest', digestOf(bytes))
  await ask(to.href, 201, { method: 'PUT', headers, body: new Uint8Array(bytes) })
  return { mediaType, digest: digestOf(bytes), size: bytes.length }
}

/** Pushes a manifest by its digest, and by these tags. */
async function pushManifest({ url, headers }: Place, name: string, body: { mediaType: string }, ...tags: string[]) {
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, ...body }))
  for (const reference of [digestOf(content), ...tags])
    await ask(`${url}/v2/${name}/manifests/${reference}`, 201, {
      method: 'PUT',
      headers: { ...headers, 'content-type': body.mediaType },
      body: new Uint8Array(content),
    })
  return { mediaType: body.mediaType, digest: digestOf(content), size: content.length }
}

type Kind = { config?: string; layer?: string; text?: object; more?: object; size?: number }

/** An image, or with other media types a chart, a signature or a note; its layer is random. */
async function pushImage(to: Place, name: string, kind: Kind, ...tags: string[]): Promise<Descriptor> {
  const { config = types.config, layer = types.layer, text = {}, more = {}, size = 500 } = kind
  const parts = [
    await pushBlob(to, name, Buffer.from(JSON.stringify({ made: randomBytes(4).toString('hex'), ...text })), config),
    await pushBlob(to, name, size > 500 ? randomBytes(size) : gzipSync(randomBytes(size)), layer),
  ]
  const body = { mediaType: types.manifest, config: parts[0], layers: [parts[1]], ...more }
  return pushManifest(to, name, body, ...tags)
}

const linkTag = ({ digest }: Descriptor) => digest.replace(':', '-')

/** Everything that has to arrive, in `name` at a registry without a referrers API; returns tags and digests. */
async function pushAll(to: Place, name: string): Promise<string[]> {
  const image = await pushImage(to, name, {}, 'v1')
  const [amd, arm] = [await pushImage(to, name, {}), await pushImage(to, name, {})]
  const manifests = [
    { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
    { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
  ]
  const index = await pushManifest(to, name, { mediaType: types.index, ...{ manifests } }, 'all')
  const chart = await pushImage(
    to,
    name,
    {
      config: 'application/vnd.cncf.helm.config.v1+json',
      layer: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      text: { name: 'app', version: '1.0.0', apiVersion: 'v2' },
    },
    'chart-1.0.0',
  )
  const signature = await pushImage(
    to,
    name,
    { layer: 'application/vnd.dev.cosign.simplesigning.v1+json' },
    `${linkTag(image)}.sig`,
  )
  const note = await pushImage(to, name, { more: { subject: image, artifactType: 'application/vnd.test.note' } })
  const listed = { ...note, artifactType: 'application/vnd.test.note' }
  await pushManifest(to, name, { mediaType: types.index, ...{ manifests: [listed] } }, linkTag(image))
  return [
    'v1',
    'all',
    'chart-1.0.0',
    `${linkTag(image)}.sig`,
    ...[image, amd, arm, index, chart, signature, note].map((one) => one.digest),
  ]
}

const read = ({ url, headers }: Place, at: string) =>
  ask(`${url}/v2/${at}`, 200, { headers: { ...headers, accept: `${types.manifest}, ${types.index}` } })

/** Whether both registries have the same bytes under every reference, and all blobs that the manifests name. */
async function agree(one: Place, other: Place, names: [string, string], references: string[]): Promise<void> {
  for (const reference of references) {
    const [a, b] = [
      await read(one, `${names[0]}/manifests/${reference}`),
      await read(other, `${names[1]}/manifests/${reference}`),
    ]
    assert.deepEqual(b.bytes, a.bytes, reference)
    const { config, layers = [] } = a.json as { config?: Descriptor; layers?: Descriptor[] }
    for (const { digest } of [...(config ? [config] : []), ...layers])
      assert.equal(digestOf((await read(other, `${names[1]}/blobs/${digest}`)).bytes), digest)
  }
}

async function post({ url, headers }: Place, at: string, body: object): Promise<number> {
  const answer = await ask(`${url}/api/v2.0${at}`, 201, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return Number(/\d+$/.exec(answer.headers.get('location')!)![0])
}

const endpoint = (of: Place, name: string, url: string, more: object = { type: 'docker-registry' }) =>
  post(of, '/registries', { name, url, ...more })

type Execution = { status: string; status_text: string; total: number }
const execution = async ({ url, headers }: Place, id: number) =>
  (await ask(`${url}/api/v2.0/replication/executions/${id}`, 200, { headers })).json as Execution

async function eventually<Result>(check: () => Promise<Result>): Promise<Result> {
  const limit = performance.now() + 120_000
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > limit) throw error
      await sleep(50)
    }
  }
}

test('images, an index, a chart, a signature and a note go through two Marinas by event and agree byte by byte', async () => {
  await using top = await makeFolder()
  await using first = await openDockerRegistry(path.join(top.dir, 'first'))
  await using last = await openDockerRegistry(path.join(top.dir, 'last'))
  for (const dir of ['one', 'two']) await mkdir(path.join(top.dir, dir))
  await using one = await startMarina({ dataDir: path.join(top.dir, 'one'), env: settings })
  await using two = await startMarina({ dataDir: path.join(top.dir, 'two'), env: settings })
  const [source, target] = [
    { url: first.url, headers: {} },
    { url: last.url, headers: {} },
  ]
  const [here, there] = [placeOf(one), placeOf(two)]
  const references = await pushAll(source, 'up/app')

  const [fromFirst, toTwo, toLast] = [
    await endpoint(here, 'first', first.url),
    await endpoint(here, 'two', two.url, {
      type: 'harbor',
      credential: { type: 'basic', access_key: 'admin', access_secret: two.password },
    }),
    await endpoint(there, 'last', last.url),
  ]
  const byEvent = { enabled: true, override: true, trigger: { type: 'event_based' } }
  await post(here, '/replication/policies', {
    ...byEvent,
    name: 'on',
    dest_registry: { id: toTwo },
    dest_namespace: 'second',
    filters: [{ type: 'name', value: 'mine/**' }],
  })
  await post(there, '/replication/policies', {
    ...byEvent,
    name: 'out',
    dest_registry: { id: toLast },
    dest_namespace: 'end',
    filters: [{ type: 'name', value: 'second/**' }],
  })
  const pull = await post(here, '/replication/policies', {
    name: 'in',
    enabled: true,
    src_registry: { id: fromFirst },
    dest_namespace: 'mine',
    filters: [{ type: 'name', value: 'up/**' }],
  })
  const id = await post(here, '/replication/executions', { policy_id: pull })
  const done = await eventually(async () => {
    const shown = await execution(here, id)
    assert.notEqual(shown.status, 'InProgress')
    return shown
  })
  assert.deepEqual([done.status, done.status_text, done.total], ['Succeed', '', 1])
  await agree(source, here, ['up/app', 'mine/app'], references)
  await eventually(() => agree(source, there, ['up/app', 'second/app'], references))
  await eventually(() => agree(source, target, ['up/app', 'end/app'], references))
  const image = references[4]!
  for (const [place, name] of [
    [here, 'mine/app'],
    [there, 'second/app'],
  ] as const) {
    const { manifests } = (await read(place, `${name}/referrers/${image}`)).json as { manifests: Descriptor[] }
    assert.deepEqual(
      manifests.map(({ digest }) => digest),
      [references.at(-1)],
    )
  }
  // A registry without the referrers API has them under a tag (OCI Distribution Specification, "Referrers Tag Schema").
  const listed = (await read(target, `end/app/manifests/${image.replace(':', '-')}`)).json as {
    manifests: Descriptor[]
  }
  assert.deepEqual(
    listed.manifests.map(({ digest }) => digest),
    [references.at(-1)],
  )
  await one.stop()
  await two.stop()
})

test('S3-46: a run that is killed at ten random moments finishes, and all its bytes are right', async () => {
  const seed = Date.now() % 1_000_000
  const random = openRandom(seed)
  await using top = await makeFolder()
  await using registry = await openDockerRegistry(path.join(top.dir, 'registry'))
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir, env: { ...settings, MARINA_WORKERS: 'none' } })
  const [here, target] = [placeOf(marina), { url: registry.url, headers: {} }]
  const names = Array.from({ length: 6 }, (_, at) => `library/app${at}`)
  for (const name of names) for (const tag of ['v1', 'v2']) await pushImage(here, name, { size: 6_000_000 }, tag)
  const policy = await post(here, '/replication/policies', {
    name: 'out',
    enabled: true,
    copy_by_chunk: true,
    speed: 3000,
    dest_registry: { id: await endpoint(here, 'out', registry.url) },
    dest_namespace: 'end',
    filters: [{ type: 'name', value: 'library/**' }],
  })
  const id = await post(here, '/replication/executions', { policy_id: policy })
  for (let kills = 0; kills < 10; kills++) {
    const worker = startWorker(dataDir)
    await once(worker.stdout!, 'data')
    await sleep(random.int(0, 2000))
    worker.kill('SIGKILL')
    await once(worker, 'exit')
  }
  const worker = startWorker(dataDir)
  try {
    const done = await eventually(async () => {
      const shown = await execution(here, id)
      assert.notEqual(shown.status, 'InProgress')
      return shown
    })
    assert.deepEqual([done.status, done.status_text, done.total], ['Succeed', '', 6], `seed ${seed}`)
    for (const name of names) await agree(here, target, [name, name.replace('library', 'end')], ['v1', 'v2'])
  } finally {
    worker.kill('SIGTERM')
    await once(worker, 'exit')
  }
  await marina.stop()
})

function startWorker(dataDir: string): ChildProcess {
  const worker = spawn(process.execPath, [path.join(root, 'server/main.ts'), 'work'], {
    cwd: dataDir,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: cleanEnvironment({ ...settings, MARINA_DATA_DIR: dataDir, MARINA_METRICS_PORT: 'off' }),
  })
  const kill = () => worker.kill('SIGKILL')
  process.once('exit', kill)
  worker.once('exit', () => process.removeListener('exit', kill))
  return worker
}
