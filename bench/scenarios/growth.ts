import { createHash } from 'node:crypto'
import { Client } from 'pg'
import { openConnection, type Connection } from '../connection.ts'
import { collect, seedDead } from '../dead-blobs.ts'
import { makeImage, pushImage } from '../image.ts'
import { basic, databaseUrlOf, startMarina, type Registry } from '../registries.ts'
import { median, type Bench, type Row, type Scenario } from '../scenario.ts'
import { openScratch, type Scratch } from '../scratch.ts'
import { artifactsEach, blobsEach, seedMany } from '../seed-many.ts'

/** The number of repositories of the largest registry; the others have a hundredth of it, and 10. */
const most = Number(process.env['BENCH_REPOSITORIES'] ?? 100_000)
const sizes = [10, Math.max(10, Math.round(most / 100)), most]
const [requests, dead] = [15, 200]
/** For each round of the bench, the sides take this many turns. */
const turnsEach = 4

export const growth: Scenario = {
  name: 'growth',
  says:
    `what requests cost with ${sizes.join(', ')} repositories of ${artifactsEach} artifacts with ${blobsEach} blobs, ` +
    'in turns; nothing is cached (BENCH_REPOSITORIES)',
  async run(bench): Promise<Row[]> {
    await using scratches = new AsyncDisposableStack()
    const sides: Side[] = []
    for (const size of sizes) {
      bench.say(`seeding ${size} repositories, ${size * artifactsEach * blobsEach} blobs`)
      sides.push(await openSide(scratches.use(await openScratch()), size))
    }
    const values = new Map(steps.map(({ name }) => [name, sides.map(() => [] as number[])]))
    // Turn 0 is not counted: a new process still compiles its code and plans its statements.
    for (let turn = 0; turn <= bench.rounds * turnsEach; turn++)
      for (const step of steps) await takeTurn(step, sides, turn, values.get(step.name)!)
    return steps.flatMap(({ name }) => rowsOf(bench, name, values.get(name)!))
  },
}

/** One Marina with a database of its own; `picked`: repositories at random with their tokens, and what was pushed. */
type Side = {
  scratch: Scratch
  size: number
  marina: Registry
  /** Opened for each turn: Marina closes idle ones. */
  connection?: Connection
  picked: { name: string; token: string; tag?: string }[]
}

type Step = {
  name: string
  /** What a turn does ahead, unmeasured. */
  prepare?(side: Side): Promise<void>
  /** Each of these is measured by itself. */
  requests(side: Side): (() => Promise<unknown>)[]
  isRare?: true
}

const steps: Step[] = [
  {
    name: 'token',
    prepare: async (side) => void (side.picked = []),
    requests: (side) => times(async () => side.picked.push(await pick(side))),
  },
  {
    name: 'pull of a manifest by tag',
    requests: (side) => side.picked.map((one) => () => pull(side, one.name, one.token)),
  },
  { name: 'push of a small image', requests: (side) => side.picked.map((one) => () => push(side, one)) },
  { name: 'tags of a repository', requests: (side) => side.picked.map((one) => () => tags(side, one)) },
  {
    name: 'artifacts of a repository, page of 10',
    requests: (side) =>
      side.picked.map(
        ({ name }) =>
          () =>
            ask(side, 'GET', `${pathOf(name)}/artifacts?with_tag=true`),
      ),
  },
  {
    name: 'repositories of a project, page of 10',
    requests: (side) => times(() => ask(side, 'GET', '/api/v2.0/projects/library/repositories')),
  },
  {
    name: 'delete of an artifact',
    requests: (side) =>
      side.picked.map(
        ({ name, tag }) =>
          () =>
            ask(side, 'DELETE', `${pathOf(name)}/artifacts/${tag}`),
      ),
  },
  {
    name: `collection of ${dead} blobs`,
    // The blobs of deleted images are left alone for two hours; these are older.
    prepare: addDead,
    requests: ({ marina }) => [() => collect(marina, dead)],
    isRare: true,
  },
  { name: 'start', requests: (side) => [() => restart(side)], isRare: true, prepare: ({ marina }) => marina.stop() },
]

async function openSide(scratch: Scratch, size: number): Promise<Side> {
  const marina = await startMarina(scratch, settings)
  await seedMany(databaseUrlOf(scratch), size)
  return { scratch, size, marina, picked: [] }
}

const settings = { MARINA_UNDELETE_WINDOW: '0s', MARINA_CACHE_ENABLED: 'false' }

/** Measures a step: each request on one side after the other, so that a busy moment of the machine hits all of them. */
async function takeTurn(step: Step, sides: Side[], turn: number, values: number[][]): Promise<void> {
  if (step.isRare && turn % turnsEach !== 0) return
  for (const side of sides) {
    await step.prepare?.(side)
    if (!step.isRare) side.connection = await openConnection(side.marina.port)
  }
  const all = sides.map((side) => step.requests(side))
  for (let n = 0; n < all[0]!.length; n++) {
    const order = [...sides.keys()]
    for (const index of n % 2 === 0 ? order : order.toReversed()) {
      const started = performance.now()
      await all[index]![n]!()
      if (turn > 0) values[index]!.push(performance.now() - started)
    }
  }
  for (const side of sides) {
    side.connection?.close()
    delete side.connection
  }
}

/** The growth is the ratio of the largest registry to the smallest; the middle one is shown in the note. */
function rowsOf({ say }: Bench, name: string, values: number[][]): Row[] {
  const shown = values.map((each, n) => `${sizes[n]}: ${median(each).toFixed(1)} ms`).join(', ')
  say(`${name}: ${shown}; growth ${(median(values.at(-1)!) / median(values[0]!)).toFixed(2)}`)
  return [
    {
      what: `${name}, ${most} repositories`,
      unit: 'ms',
      ours: values.at(-1)!,
      lessIsBetter: true,
      against: { name: `${sizes[0]} repositories`, values: values[0]! },
      target: { ratio: 1 / 1.3 },
      note: `${sizes[1]}: ${median(values[1]!).toFixed(1)} ms`,
    },
  ]
}

const times = (request: () => Promise<unknown>) => Array.from({ length: requests }, () => request)
const pathOf = (name: string) => `/api/v2.0/projects/library/repositories/${name.split('/')[1]}`

/** A token for a repository at random. */
async function pick({ marina, size }: Side): Promise<Side['picked'][number]> {
  const name = `library/seeded-${1 + Math.floor(Math.random() * size)}`
  return { name, token: await marina.token([name]) }
}

async function pull({ connection }: Side, name: string, token: string): Promise<void> {
  const tag = `v${1 + Math.floor(Math.random() * artifactsEach)}`
  const { status } = await connection!.ask('GET', `/v2/${name}/manifests/${tag}`, `authorization: Bearer ${token}\r\n`)
  if (status !== 200) throw new Error(`status ${status} to a pull`)
}

async function push({ connection }: Side, one: Side['picked'][number]): Promise<void> {
  const image = makeImage()
  one.tag = createHash('sha256').update(image.manifest).digest('hex')
  await pushImage(connection!, one.token, one.name, one.tag, image)
}

async function tags({ connection }: Side, { name, token }: Side['picked'][number]): Promise<void> {
  const { status } = await connection!.ask('GET', `/v2/${name}/tags/list`, `authorization: Bearer ${token}\r\n`)
  if (status !== 200) throw new Error(`status ${status} to a list of tags`)
}

async function ask({ connection }: Side, method: string, target: string): Promise<void> {
  const { status, body } = await connection!.ask(method, target, `authorization: ${basic}\r\n`)
  if (status !== 200) throw new Error(`status ${status} to ${method} ${target}: ${body.toString().slice(0, 200)}`)
}

async function addDead({ scratch, marina }: Side): Promise<void> {
  const client = new Client(databaseUrlOf(scratch))
  await client.connect()
  try {
    await seedDead(client, marina.storage, dead)
  } finally {
    await client.end()
  }
}

async function restart(side: Side): Promise<void> {
  side.marina = await startMarina(side.scratch, settings)
}
