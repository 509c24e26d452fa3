import { basic, databaseUrlOf, startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { openScratch, type Scratch } from '../scratch.ts'
import { seed } from '../seed.ts'
import { wrk } from '../wrk.ts'

/** One thread, so that the load generator leaves as much of two cores as it can. */
const load = { threads: 1, connections: 16, seconds: 8 }
const artifacts = 100

export const processes: Scenario = {
  name: 'processes',
  says:
    'one serving process beside two behind one port, with requests that cost the server much more than `wrk`: ' +
    `lists of ${artifacts} artifacts that memory holds`,
  async run(bench): Promise<Row[]> {
    await using scratches = new AsyncDisposableStack()
    const start = async (count: string) => {
      const scratch = scratches.use(await openScratch())
      return startWithList(scratch, { MARINA_PROCESSES: count, MARINA_PROCESSES_IDLE: count })
    }
    return [await compare(bench, await start('1'), await start('2'))]
  },
}

async function startWithList(scratch: Scratch, settings: Record<string, string>): Promise<Registry> {
  const marina = await startMarina(scratch, settings)
  await seed(databaseUrlOf(scratch), { repository: 'library/large', artifacts, referrers: 0 })
  return marina
}

async function compare(bench: Bench, one: Registry, two: Registry): Promise<Row> {
  const target = `/api/v2.0/projects/library/repositories/large/artifacts?page_size=${artifacts}`
  const rate = ({ port }: Registry, seconds = load.seconds) =>
    wrk({ ...load, seconds, port, target, headers: { authorization: basic } })
  for (const marina of [one, two]) await rate(marina, 3)
  const values = await takeTurns(bench, 'lists/s', { one: () => rate(one), two: () => rate(two) })
  return {
    what: `list of ${artifacts} artifacts, two processes`,
    unit: 'requests/s',
    ours: values.two,
    against: { name: 'one process', values: values.one },
    target: { ratio: 1.6 },
  }
}
