/** Copies between registries in processes of their own: from a docker-registry by two Marinas to another one. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { agree, pushAll, pushImage, read, type Descriptor, type Place } from './copies.ts'
import { openRandom } from './faults/random.ts'
import { ask, basic } from './http.ts'
import { cleanEnvironment, end, makeFolder, root, startMarina, type Marina } from './marina.ts'
import { openDockerRegistry } from './registry.ts'

const settings = { MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_WORKER_LEASE: '2s' }
const placeOf = ({ url, password }: Marina): Place => ({ url, headers: basic(password!) })

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

test('images, a chart, a signature and a note go through two Marinas by event and agree byte by byte', async () => {
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

test('all commands of the page about replication work in their order', async () => {
  await using top = await makeFolder()
  await using registry = await openDockerRegistry(path.join(top.dir, 'registry'))
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir, env: settings })
  const [here, target] = [placeOf(marina), { url: registry.url, headers: {} }]
  const image = await pushImage(here, 'library/app', {}, '1.0')
  await pushImage(here, 'library/app', {}, '1.0-dev')
  const page = await readFile(path.join(root, 'docs/operate/replication.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!).slice(1)
  const known = `at=${marina.host}\nadmin='admin:${marina.password!}'\nother=${registry.url}\ntype=docker-registry\n`
  const script = [known, ...blocks].join('\necho; echo "== next"\n')
  const { code, stdout, stderr } = await end(['bash', '-euo', 'pipefail', '-c', script], { cwd: top.dir })
  assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)
  const said = stdout.split(/^== next\n/m).slice(1)
  assert.match(said[1]!, /"is_complete":true,"copy":1,[^]*"target":"backup\/library\/app","tag":"1\.0"/)
  assert.match(
    said[2]!,
    /"status":"Succeed"[^]*"dst_resource":"backup\/library\/app \[1 item\(s\) in total\]"[^]*1 copied/,
  )
  assert.match(said[3]!, /"same":1,"missing":0,"different":0,"extra":0[^]*"copy":0/)
  await agree(here, target, ['library/app', 'backup/library/app'], ['1.0', image.digest])
  const pushed = await pushImage(here, 'library/other', {}, '2.0')
  await eventually(() => agree(here, target, ['library/other', 'events/other'], ['2.0', pushed.digest]))
  await marina.stop()
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
