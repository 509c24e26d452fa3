import { makeImage, pushOne } from '../image.ts'
import { startBare } from './manifest-get.ts'
import { startDockerRegistry, startMarina, startSecondMarina, type Registry } from '../registries.ts'
import { takeTurns, type Row, type Scenario } from '../scenario.ts'
import { askOverAll, type Round } from './connections.ts'

const name = 'library/bench'
const requests = 100_000
const processes = 2

/**
 * The table of the design notes (S1-44 to S1-52), in its shapes: a manifest without a cache, with a cache of facts, with
 * manifests too, without the chain around it, and the smallest endpoint there is. All processes of Marina stand on one
 * database. A request that would wait longer than 1.5 s for a database connection is answered with 503 by default; the
 * process without a cache may wait, so that its figure is of work done and not of refusals.
 */
export const cacheTable: Scenario = {
  name: 'cache-table',
  says: 'manifest GET without cache, with facts cached, with manifests cached, a bare server, ping; 100,000 requests at 64 and 5,000 connections',
  roundsAtMost: 3,
  async run(bench): Promise<Row[]> {
    const { scratch, say } = bench
    const image = makeImage()
    const cached = await startMarina(scratch)
    const patient = { MARINA_DATABASE_WAIT: '60s' }
    const none = await startSecondMarina(scratch, { ...patient, MARINA_CACHE_ENABLED: 'false' })
    const facts = await startSecondMarina(scratch, { ...patient, MARINA_CACHE_MANIFESTS: 'false' }, 'marina3')
    const docker = await startDockerRegistry(scratch)
    const ours = await pushOne(cached, name, image)
    const theirs = await pushOne(docker, name, image)
    const headOf = (token: string) => `authorization: Bearer ${token}\r\naccept: ${ours.manifestType}\r\n`
    const barePort = await startBare(scratch, cached.port, { target: ours.target, headers: { authorization: `Bearer ${ours.token}`, accept: ours.manifestType } })
    const manifest = ({ port }: Pick<Registry, 'port'>, token = ours.token) => ({ port, target: ours.target, head: headOf(token), bodyLength: image.manifest.length })
    const sides = {
      'no cache': manifest(none), 'facts cached': manifest(facts), 'facts and manifests cached': manifest(cached),
      'bare node:http': manifest({ port: barePort }), 'docker-registry': manifest(docker, theirs.token),
      ping: { port: cached.port, target: '/api/v2.0/ping', head: '', bodyLength: 4 },
    }
    type Side = keyof typeof sides
    const names = Object.keys(sides) as Side[]
    const rows: Row[] = []
    for (const connections of [64, 5000]) {
      const rounds = Object.fromEntries(names.map((side) => [side, [] as Round[]])) as Record<Side, Round[]>
      await takeTurns(bench, `${connections} connections, requests/s`, Object.fromEntries(names.map((side) => [side, async () => {
        const round = await askOverAll({ ...sides[side], connections: connections / processes, requestsEach: Math.floor(requests / connections) })
        rounds[side].push(round)
        say(`${side}: average ${round.average.toFixed(1)} ms, p95 ${round.p95.toFixed(1)} ms, ${round.failed} failed${round.failed > 0 ? ` (${round.reasons.join('; ')})` : ''}`)
        return round.perSecond
      }])))
      const at = `${connections.toLocaleString('en-US')} connections`
      const speeds = (side: Side) => rounds[side].map(({ perSecond }) => perSecond)
      const row = (side: Side, against: Side, more: Partial<Row> = {}): Row => ({ what: `${at}: ${side}`, unit: 'requests/s', ours: speeds(side), against: { name: against, values: speeds(against) }, ...more })
      rows.push(
        row('facts cached', 'no cache'),
        row('facts and manifests cached', 'no cache', { target: { ratio: 2.3 } }),
        row('facts and manifests cached', 'bare node:http'),
        row('facts and manifests cached', 'ping'),
        row('facts and manifests cached', 'docker-registry'),
        { what: `${at}: failed, all of Marina's together`, unit: 'requests', ours: rounds['no cache'].map((_, index) => names.filter((side) => side !== 'docker-registry').reduce((sum, side) => sum + rounds[side][index]!.failed, 0)), lessIsBetter: true, target: { most: 0 } },
      )
    }
    return rows
  },
}
