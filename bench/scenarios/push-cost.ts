import { openConnection } from '../connection.ts'
import { openMeter, startCountedMarina, type Cost } from '../cost.ts'
import { makeImage, pushImage, putManifest } from '../image.ts'
import type { Registry } from '../registries.ts'
import type { Bench, Row, Scenario } from '../scenario.ts'

const clients = 16
const pushesEach = 25
/** Statements that ran less often than this in a push are not listed: work of the background. */
const leastCalls = 0.02

export const pushCost: Scenario = {
  name: 'push-cost',
  says:
    'what a push costs: statements, WAL, syncs, and processor time of Marina and of PostgreSQL, ' +
    'for 400 new small images and for 400 new tags of one manifest, by 16 clients (BENCH_STRACE=yes counts syncs, too)',
  roundsAtMost: 1,
  async run(bench): Promise<Row[]> {
    const marina = await startCountedMarina(bench.scratch)
    await using meter = await openMeter(bench.scratch, marina)
    await pushImages(marina, 'warm') // opens the connections, and creates the repositories
    const images = await meter.measure(() => pushImages(marina, 'new'))
    const tags = await meter.measure(() => pushTags(marina))
    return [...report(bench, 'small image', images), ...report(bench, 'new tag', tags)]
  },
}

function report({ say }: Bench, what: string, cost: Cost): Row[] {
  const pushes = clients * pushesEach
  const each = cost.statements.filter(({ calls }) => calls / pushes >= leastCalls)
  for (const { text, calls, ms } of each)
    say(`${what}: ${(calls / pushes).toFixed(2)} x ${(ms / calls).toFixed(3)} ms  ${text.slice(0, 150)}`)
  const row = (name: string, unit: string, value: number): Row => ({
    what: `${what}: ${name}`,
    unit,
    ours: [value / pushes],
  })
  return [
    row(
      'statements',
      'a push',
      each.reduce((sum, { calls }) => sum + calls, 0),
    ),
    row('processor time of Marina', 'ms a push', cost.marinaMs),
    row('processor time of PostgreSQL', 'ms a push', cost.postgresMs),
    row('WAL', 'bytes a push', cost.walBytes),
    row('syncs of the WAL', 'a push', cost.walSyncs),
    ...(Number.isNaN(cost.marinaSyncs) ? [] : [row('file syncs of Marina', 'a push', cost.marinaSyncs)]),
  ]
}

async function pushImages(marina: Registry, prefix: string): Promise<void> {
  await byClients(
    marina,
    (index) => `library/bench-${index}`,
    async (connection, token, name) => {
      for (let count = 0; count < pushesEach; count++)
        await pushImage(connection, token, name, `${prefix}-${count}`, makeImage())
    },
  )
}

async function pushTags(marina: Registry): Promise<void> {
  const name = 'library/bench-0'
  const image = makeImage()
  const connection = await openConnection(marina.port)
  await pushImage(connection, await marina.token([name]), name, 'first', image)
  connection.close()
  await byClients(
    marina,
    () => name,
    async (one, token, _, index) => {
      for (let count = 0; count < pushesEach; count++)
        await putManifest(one, token, name, `tag-${index}-${count}`, image.manifest)
    },
  )
}

type Work = (
  connection: Awaited<ReturnType<typeof openConnection>>,
  token: string,
  name: string,
  index: number,
) => Promise<void>

async function byClients(marina: Registry, nameOf: (index: number) => string, work: Work): Promise<void> {
  await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const name = nameOf(index)
      const connection = await openConnection(marina.port)
      await work(connection, await marina.token([name]), name, index)
      connection.close()
    }),
  )
}
