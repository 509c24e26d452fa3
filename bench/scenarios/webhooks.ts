import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection, type Connection } from '../connection.ts'
import { makeImage, pushImage } from '../image.ts'
import { basic, startMarina, type Registry } from '../registries.ts'
import { median, takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { freePort } from '../scratch.ts'

const perSecond = 50
const seconds = 20
const policies = 20
const repositories = 16

/** A program that answers 200 at once. `at`: when each tag came first, in ms since 1970. */
type Receiver = { url: string; report(): Promise<{ count: number; at: Record<string, number> }> }
type Client = { name: string; token: string; connection: Connection }

export const webhooks: Scenario = {
  name: 'webhooks',
  says:
    `${perSecond} pushes a second for ${seconds} s: time from a push's 201 to its webhook; then pushes with ` +
    `${policies} matching policies beside pushes with none, at 10 a second and without a pause`,
  async run(bench): Promise<Row[]> {
    const marina = await startMarina(bench.scratch, { MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' })
    const receiver = await startReceiver(bench)
    return [...(await delays(bench, marina, receiver)), ...(await slowDown(bench, marina, receiver))]
  },
}

async function delays(bench: Bench, marina: Registry, receiver: Receiver): Promise<Row[]> {
  await makeProject(marina, 'told', receiver, 1)
  const clients = await openClients(marina, 'told', repositories)
  const [p50, p99]: [number[], number[]] = [[], []]
  for (let round = 1; round <= bench.rounds; round++) {
    const waits = await tellAll(clients, receiver, `d${round}`)
    p50.push(at(waits, 0.5))
    p99.push(at(waits, 0.99))
    const [half, most] = [p50.at(-1)!.toFixed(1), p99.at(-1)!.toFixed(1)]
    bench.say(`push to webhook, round ${round} of ${bench.rounds}: p50 ${half} ms, p99 ${most} ms of ${waits.length}`)
  }
  for (const { connection } of clients) connection.close()
  const what = `push acknowledged to webhook received, ${perSecond} pushes/s`
  return [
    { what: `${what}, p50`, unit: 'ms', ours: p50, lessIsBetter: true, target: { most: 100 } },
    { what: `${what}, p99`, unit: 'ms', ours: p99, lessIsBetter: true, target: { most: 1000 } },
  ]
}

/** Pushes at a fixed rate, without waiting for earlier pushes. Returns the times to their webhooks in ms, sorted. */
async function tellAll(clients: Client[], receiver: Receiver, prefix: string): Promise<number[]> {
  const acknowledged = new Map<string, number>()
  const lines = clients.map(() => Promise.resolve())
  const began = performance.now()
  for (let n = 0; n < perSecond * seconds; n++) {
    await sleep(Math.max(0, began + (n * 1000) / perSecond - performance.now()))
    const place = n % clients.length
    const client = clients[place]!
    const tag = `${prefix}-${n}`
    // A connection carries one push at a time.
    lines[place] = lines[place]!.then(async () => {
      acknowledged.set(tag, await pushNew(client, tag))
    })
  }
  await Promise.all(lines)
  const end = performance.now() + 30_000
  for (;;) {
    const { at: came } = await receiver.report()
    const waits = [...acknowledged].flatMap(([tag, time]) => (came[tag] === undefined ? [] : [came[tag] - time]))
    if (waits.length === acknowledged.size) return waits.toSorted((one, other) => one - other)
    if (performance.now() > end) throw new Error('some webhooks did not come within 30 s')
    await sleep(500)
  }
}

async function slowDown(bench: Bench, marina: Registry, receiver: Receiver): Promise<Row[]> {
  await makeProject(marina, 'many', receiver, policies)
  await makeProject(marina, 'none', receiver, 0)
  const rows: Row[] = []
  for (const { what, everyMs, target } of [
    { what: '10 pushes/s', everyMs: 100, target: { ratio: 1 / 1.1 } },
    { what: 'one after the other without a pause', everyMs: 0, target: undefined },
  ]) {
    const pushes = (project: string) => () => pushForAWhile(marina, receiver, project, everyMs)
    const values = await takeTurns(bench, `ms a push, ${what}`, { many: pushes('many'), none: pushes('none') })
    rows.push({
      what: `a push with ${policies} matching policies, ${what}`,
      unit: 'ms',
      ours: values.many,
      against: { name: 'no policy', values: values.none },
      lessIsBetter: true,
      ...(target ? { target } : {}),
    })
  }
  return rows
}

/** Pushes a new image. Returns the time of its acknowledgement, in ms since 1970. */
export async function pushNew({ connection, token, name }: Client, tag: string): Promise<number> {
  await pushImage(connection, token, name, tag, makeImage())
  return performance.timeOrigin + performance.now()
}

let batches = 0

/** The median duration of 150 pushes by one client, in ms. */
async function pushForAWhile(marina: Registry, receiver: Receiver, project: string, everyMs: number): Promise<number> {
  const [client] = await openClients(marina, project, 1)
  const [times, batch, started]: [number[], number, number] = [[], ++batches, performance.now()]
  for (let n = 0; n < 150; n++) {
    const image = makeImage()
    await sleep(Math.max(0, started + n * everyMs - performance.now()))
    const began = performance.now()
    await pushImage(client!.connection, client!.token, client!.name, `s${batch}-${n}`, image)
    times.push(performance.now() - began)
  }
  client!.connection.close()
  await quiet(receiver)
  return median(times)
}

/** Waits until no delivery has come for a second. */
async function quiet({ report }: Receiver): Promise<void> {
  for (let before = -1; ;) {
    const { count } = await report()
    if (count === before) return
    before = count
    await sleep(1000)
  }
}

export async function openClients(marina: Registry, project: string, count: number): Promise<Client[]> {
  const names = Array.from({ length: count }, (_, index) => `${project}/bench-${index}`)
  return Promise.all(
    names.map(async (name) => ({
      name,
      token: await marina.token([name]),
      connection: await openConnection(marina.port),
    })),
  )
}

export async function makeProject(marina: Registry, name: string, { url }: Receiver, count: number): Promise<void> {
  const post = async (path: string, body: object) => {
    const answer = await fetch(`http://127.0.0.1:${marina.port}/api/v2.0${path}`, {
      method: 'POST',
      headers: { authorization: basic, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }
  await post('/projects', { project_name: name })
  for (let n = 0; n < count; n++) {
    await post(`/projects/${name}/webhook/policies`, {
      name: `policy-${n}`,
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ type: 'http', address: `${url}/${n}`, secret: 'a-secret-of-the-bench' }],
    })
  }
}

/** Starts a receiver in a process of its own, as a real one would be. */
export async function startReceiver({ scratch }: Bench, ...words: 'hang'[]): Promise<Receiver> {
  const port = await freePort()
  await scratch.start([process.execPath, path.resolve(import.meta.dirname, '../receiver.ts'), String(port), ...words], {
    port,
  })
  const url = `http://127.0.0.1:${port}`
  return { url, report: async () => (await fetch(`${url}/report`)).json() as ReturnType<Receiver['report']> }
}

const at = (sorted: number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
