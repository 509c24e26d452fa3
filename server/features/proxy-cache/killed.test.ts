/** Three processes with clients of one download, whose owners are killed one by one: no other client is cut. */
import assert from 'node:assert/strict'
import { open } from 'node:fs/promises'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { startChild } from '../../testing/child.ts'
import { findDisagreements } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { givenLayer, openCacheScene } from './scene.suite.ts'

const quick = { MARINA_ENDPOINT_BACK_OFF: '1ms', MARINA_ENDPOINT_TRIES: '2', MARINA_PROXY_CACHE_FAILURES: '1000' }
const opened = new AsyncDisposableStack()
// Before the scene's own: the processes end before their database.
after(() => opened.disposeAsync())
const scene = await openCacheScene(quick)
const { marina } = scene
const { db } = marina.ground

type Process = { url: string; owner: string; kill(): Promise<void> }

const layerBytes = 6_000_000
/** What nobody gets before the digest is known; and the most that is on its way to a file or a client. */
const [heldBack, underWay] = [65_536, 1_000_000]

/** A process of its own, with the name that its claims have: it fetches a blob which never ends. */
async function startProcess(): Promise<Process> {
  const child = opened.use(await startChild(marina, { MARINA_OUTBOUND_ALLOW: '127.0.0.1', ...quick }))
  const { digest, path } = await givenLayer(scene, 300_000)
  faults.set(digest, () => 1)
  const stuck = scene.stream(child.url, `/v2/${path}`)
  const owner = await eventually(async () => {
    const row = await db.row<{ owner: string }>(sql`select owner from proxied_download where digest = ${digest}`)
    assert.ok(row)
    return row.owner
  })
  stuck.end()
  return { url: child.url, owner, kill: () => child.kill() }
}

/** How many bytes of an answer the upstream sends, by the digest of the blob and the number of the question. */
const faults = new Map<string, (asked: number) => number | undefined>()
const asked = new Map<string, number>()
scene.fault = (line) => {
  const [digest] = /sha256:[0-9a-f]{64}/.exec(line) ?? []
  if (digest === undefined || !line.startsWith('GET') || !faults.has(digest)) return undefined
  asked.set(digest, (asked.get(digest) ?? 0) + 1)
  const stuckAfter = faults.get(digest)!(asked.get(digest)!)
  return stuckAfter === undefined ? undefined : { stuckAfter }
}

/** As after the 15 seconds in which the claim of a dead process runs out. */
async function expire(digest: string, { owner }: Process) {
  const late = sql`
    update proxied_download set renewed_at = now() - interval '20 s'
    where digest = ${digest} and owner = ${owner}::uuid`
  assert.equal(await db.run(late), 1)
}

/** Waits until another process has the claim; returns its owner's name. */
const takenOver = (digest: string, { owner }: Process) =>
  eventually(async () => {
    const row = await db.row<{ owner: string }>(sql`
      select owner from proxied_download where digest = ${digest} and owner <> ${owner}::uuid`)
    assert.ok(row)
    return row.owner
  })

/** A client of this process, once it has so many bytes. */
async function streamOf(url: string, path: string, most: number) {
  const whole = scene.stream(url, `/v2/${path}`)
  await eventually(() => assert.ok(whole.count() >= most, `${whole.count()} of ${most} bytes`))
  return whole
}

const [second, third] = await Promise.all([startProcess(), startProcess()])

for (const part of [0.05, 0.5, 0.98])
  test(`kill -9 when ${part * 100} % have come: clients of both other processes get every byte`, async () => {
    const first = await startProcess()
    const { digest, path, layer, cache, name, image } = await givenLayer(scene, layerBytes)
    const came = Math.floor(part * layerBytes)
    faults.set(digest, (time) => (time === 1 ? came : undefined))
    const sent = Math.min(came, layerBytes - heldBack)
    const cut = await streamOf(first.url, path, sent)
    const clients = []
    for (const { url } of [second, third, second]) clients.push(await streamOf(url, path, sent))
    await first.kill()
    await assert.rejects(cut.over)
    await expire(digest, first)
    for (const one of clients) {
      await one.over
      assert.ok(one.bytes().equals(layer), 'a client of another process has every byte')
    }
    assert.equal(asked.get(digest), 2, 'one process has gone on, for all')
    await scene.pull(`${cache}/${name}`, 'v1', image)
  })

test('the process that took over is killed, too: a third one goes on, and its clients get every byte', async () => {
  const [first, ...others] = await Promise.all([startProcess(), startProcess(), startProcess()])
  const { digest, path, layer } = await givenLayer(scene, layerBytes)
  const [early, late] = [1_500_000, 2_000_000]
  faults.set(digest, (time) => [early, late][time - 1])
  await streamOf(first.url, path, early)
  const clients = new Map<Process, Awaited<ReturnType<typeof streamOf>>>()
  for (const one of others) clients.set(one, await streamOf(one.url, path, early))
  await first.kill()
  await expire(digest, first)
  const owner = await takenOver(digest, first)
  const next = others.find((one) => one.owner === owner)!
  const last = others.find((one) => one.owner !== owner)!
  const follower = clients.get(last)!
  await eventually(() => assert.ok(follower.count() >= early + late - underWay, 'it follows the second one'))
  await next.kill()
  await assert.rejects(clients.get(next)!.over)
  await expire(digest, next)
  await follower.over
  assert.ok(follower.bytes().equals(layer))
  assert.equal(asked.get(digest), 3)
})

test('a download that begins anew, as the file of the killed process is gone, goes on for clients, too', async () => {
  const first = await startProcess()
  const { digest, path, layer } = await givenLayer(scene, layerBytes)
  faults.set(digest, (time) => (time === 1 ? 3_000_000 : undefined))
  await streamOf(first.url, path, 3_000_000)
  const clients = [await streamOf(second.url, path, 3_000_000), await streamOf(third.url, path, 3_000_000)]
  await first.kill()
  // No process can copy this file; those that follow it have it open.
  await db.run(sql`update proxied_download set file = '/nowhere' where digest = ${digest}`)
  await expire(digest, first)
  for (const one of clients) {
    await one.over
    assert.ok(one.bytes().equals(layer))
  }
  assert.equal(scene.heads.findLast(({ line }) => line.includes(digest))!.headers.range, undefined)
})

test('bytes of a killed process that are wrong are never followed by the right ones', async () => {
  const first = await startProcess()
  const { digest, path, layer } = await givenLayer(scene, layerBytes)
  faults.set(digest, (time) => (time === 1 ? 3_000_000 : undefined))
  await streamOf(first.url, path, 3_000_000)
  const { file } = (await db.row<{ file: string }>(sql`select file from proxied_download where digest = ${digest}`))!
  // As an upstream would send it that lies: what clients get from here on has a wrong byte.
  const handle = await open(file, 'r+')
  await handle.write(Buffer.from([layer[1000]! ^ 1]), 0, 1, 1000)
  await handle.close()
  const clients = [await streamOf(second.url, path, 3_000_000), await streamOf(third.url, path, 3_000_000)]
  await first.kill()
  await db.run(sql`update proxied_download set file = '/nowhere' where digest = ${digest}`)
  await expire(digest, first)
  for (const one of clients) {
    await assert.rejects(one.over)
    assert.ok(one.count() < layer.length)
  }
  assert.ok(expectAnswer(await scene.get(path), 200).body.equals(layer))
  assert.deepEqual(await findDisagreements(marina, ['loss']), [])
})
