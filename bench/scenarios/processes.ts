import { makeKey } from '../bearer.ts'
import { startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { wrk } from '../wrk.ts'

/** One thread, so that the load generator leaves as much of two cores as it can. */
const load = { threads: 1, connections: 64, seconds: 8 }

export const processes: Scenario = {
  name: 'processes',
  says:
    'one serving process beside two behind one port, with requests that cost the server much more than `wrk`: ' +
    'a GET of the API, and the same with a new connection by TLS for each',
  async run(bench): Promise<Row[]> {
    return [
      await compare(bench, 'GET /api/v2.0/ping', 'http'),
      await compare(bench, 'the same by TLS, a connection each', 'https'),
    ]
  },
}

/** Starts both; all processes of the second run from the start. */
async function startBoth({ scratch }: Bench, folder: string, more: Record<string, string> = {}) {
  const one = await startMarina(scratch, { ...more, MARINA_DATA_DIR: scratch.path(`${folder}-one`) })
  const two = await startMarina(scratch, {
    ...more,
    MARINA_DATA_DIR: scratch.path(`${folder}-two`),
    MARINA_PROCESSES: '2',
    MARINA_PROCESSES_IDLE: '2',
  })
  return { one, two }
}

async function compare(bench: Bench, what: string, scheme: 'http' | 'https'): Promise<Row> {
  const key = scheme === 'https' ? await makeKey(bench.scratch) : undefined
  const { one, two } = await startBoth(
    bench,
    scheme,
    key && { MARINA_TLS_CERT: key.certificate, MARINA_TLS_KEY: key.file },
  )
  const headers: Record<string, string> = key ? { connection: 'close' } : {}
  const rate = ({ port }: Registry) => wrk({ ...load, port, target: '/api/v2.0/ping', headers, scheme })
  const values = await takeTurns(bench, `${what}, requests/s`, { one: () => rate(one), two: () => rate(two) })
  await Promise.all([one.stop(), two.stop()])
  return {
    what: `${what}, two processes`,
    unit: 'requests/s',
    ours: values.two,
    against: { name: 'one process', values: values.one },
    target: { ratio: 1.6 },
  }
}
