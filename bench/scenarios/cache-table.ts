import { makeImage, pushOne } from '../image.ts'
import { startBare } from './manifest-get.ts'
import { startDockerRegistry } from '../peers.ts'
import { startMarina, startSecondMarina, type Registry } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { wrk } from '../wrk.ts'
import { askOverAll, type Round } from './connections.ts'

const name = 'library/bench'
const requests = 100_000
const connections = 5000
const processes = 2

const names = [
  'no cache',
  'facts cached',
  'facts and manifests cached',
  'bare node:http',
  'docker-registry',
  'ping',
] as const
type Side = (typeof names)[number]

/**
 * The table of the design notes (S1-44 to S1-52): a manifest without a cache, with cached facts, with cached manifests
 * too, from a bare server, and the smallest endpoint. All Marinas share one database. By default a request that waits
 * longer than 1.5 s for a database connection is answered with 503; the process without a cache may wait longer, so
 * that its figure measures work and not refusals. With 64 connections wrk is the client: it needs little of the
 * machine, and fails the measurement on any answer but a success. With 5,000 connections, two Node processes are the
 * client.
 */
export const cacheTable: Scenario = {
  name: 'cache-table',
  says:
    'manifest GET without cache, with facts cached, with manifests cached, a bare server, ping; ' +
    '64 connections for 10 s, 100,000 requests over 5,000',
  roundsAtMost: 3,
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const image = makeImage()
    const cached = await startMarina(scratch)
    const patient = { MARINA_DATABASE_WAIT: '60s' }
    const none = await startSecondMarina(scratch, { ...patient, MARINA_CACHE_ENABLED: 'false' })
    const facts = await startSecondMarina(scratch, { ...patient, MARINA_CACHE_MANIFESTS: 'false' }, 'marina3')
    const docker = await startDockerRegistry(scratch)
    const ours = await pushOne(cached, name, image)
    const theirs = await pushOne(docker, name, image)
    const headOf = (token: string) => `authorization: Bearer ${token}\r\naccept: ${ours.manifestType}\r\n`
    const { port: barePort } = await startBare(scratch, cached.port, {
      target: ours.target,
      headers: { authorization: `Bearer ${ours.token}`, accept: ours.manifestType },
    })
    const manifest = ({ port }: Pick<Registry, 'port'>, token = ours.token) => ({
      port,
      target: ours.target,
      head: headOf(token),
      bodyLength: image.manifest.length,
    })
    const sides: Record<Side, Asked> = {
      'no cache': manifest(none),
      'facts cached': manifest(facts),
      'facts and manifests cached': manifest(cached),
      'bare node:http': manifest({ port: barePort }),
      'docker-registry': manifest(docker, theirs.token),
      ping: { port: cached.port, target: '/api/v2.0/ping', head: '', bodyLength: 4 },
    }
    return [...rowsOf('64 connections', await askFew(bench, sides)), ...(await askMany(bench, sides))]
  },
}

type Asked = { port: number; target: string; head: string; bodyLength: number }
type Speeds = Record<Side, number[]>
const each = <Value>(make: (side: Side) => Value) =>
  Object.fromEntries(names.map((side) => [side, make(side)])) as Record<Side, Value>

function askFew(bench: Bench, sides: Record<Side, Asked>): Promise<Speeds> {
  return takeTurns(
    bench,
    '64 connections, requests/s',
    each((side) => () => {
      const { port, target, head } = sides[side]
      const headers = Object.fromEntries(
        head
          .split('\r\n')
          .filter(Boolean)
          .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      )
      return wrk({ port, target, headers, threads: 2, connections: 64, seconds: 10 })
    }),
  )
}

async function askMany(bench: Bench, sides: Record<Side, Asked>): Promise<Row[]> {
  const rounds = each<Round[]>(() => [])
  await takeTurns(
    bench,
    '5,000 connections, requests/s',
    each((side) => async () => {
      const round = await askOverAll({
        ...sides[side],
        connections: connections / processes,
        requestsEach: requests / connections,
      })
      rounds[side].push(round)
      const reasons = round.failed > 0 ? ` (${round.reasons.join('; ')})` : ''
      const [average, p95] = [round.average.toFixed(1), round.p95.toFixed(1)]
      bench.say(`${side}: average ${average} ms, p95 ${p95} ms, ${round.failed} failed${reasons}`)
      return round.perSecond
    }),
  )
  const ours: Side[] = ['no cache', 'facts cached', 'facts and manifests cached', 'ping']
  const failed = rounds.ping.map((_, index) => ours.reduce((sum, side) => sum + rounds[side][index]!.failed, 0))
  return [
    ...rowsOf(
      '5,000 connections',
      each((side) => rounds[side].map(({ perSecond }) => perSecond)),
    ),
    {
      what: "5,000 connections: failed, all of Marina's together",
      unit: 'requests',
      ours: failed,
      lessIsBetter: true,
      target: { most: 0 },
    },
  ]
}

function rowsOf(at: string, speeds: Speeds): Row[] {
  const row = (side: Side, against: Side, more: Partial<Row> = {}): Row => ({
    what: `${at}: ${side}`,
    unit: 'requests/s',
    ours: speeds[side],
    against: { name: against, values: speeds[against] },
    ...more,
  })
  return [
    row('facts cached', 'no cache'),
    row('facts and manifests cached', 'no cache', { target: { ratio: 2.3 } }),
    row('facts and manifests cached', 'bare node:http'),
    row('facts and manifests cached', 'ping'),
    row('facts and manifests cached', 'docker-registry'),
  ]
}
