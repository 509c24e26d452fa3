import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { makeImage, pushOne } from '../image.ts'
import type { Order, Outcome } from '../many-clients.ts'
import { startDockerRegistry } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Row, type Scenario } from '../scenario.ts'

const connections = 5000
const requests = 100_000
const processes = 2
const limitMs = 10 * 60_000

export const manyConnections: Scenario = {
  name: 'connections',
  says:
    '5,000 connections open at once, 100,000 requests of a manifest by tag over them: ' +
    'how many fail, and how long they wait',
  async run(bench): Promise<Row[]> {
    const { scratch, say } = bench
    const image = makeImage()
    const outcomes = { marina: [] as Round[], docker: [] as Round[] }
    const side = async (registry: Registry, into: Round[]) => {
      const { token, target } = await pushOne(registry, 'library/bench', image)
      const head = `authorization: Bearer ${token}\r\naccept: application/vnd.oci.image.manifest.v1+json\r\n`
      return async () => {
        const round = await askOverAll({
          port: registry.port,
          connections: connections / processes,
          requestsEach: requests / connections,
          target,
          head,
          bodyLength: image.manifest.length,
        })
        if (round.failed > 0) say(`${registry.name}: ${round.failed} failed: ${round.reasons.join('; ')}`)
        into.push(round)
        return round.perSecond
      }
    }
    const marina = await side(await startMarina(scratch), outcomes.marina)
    const docker = await side(await startDockerRegistry(scratch), outcomes.docker)
    await takeTurns(bench, '5,000 connections, requests/s', { marina, docker })
    const row = (what: string, unit: string, pick: (round: Round) => number, more: Partial<Row> = {}): Row => ({
      what: `5,000 connections: ${what}`,
      unit,
      ours: outcomes.marina.map(pick),
      against: { name: 'docker-registry', values: outcomes.docker.map(pick) },
      ...more,
    })
    return [
      row('failed of 100,000', 'requests', ({ failed }) => failed, { target: { most: 0 }, lessIsBetter: true }),
      row('throughput', 'requests/s', ({ perSecond }) => perSecond),
      row('half wait at most', 'ms', ({ p50 }) => p50, { lessIsBetter: true }),
      row('99 of 100 wait at most', 'ms', ({ p99 }) => p99, { lessIsBetter: true }),
    ]
  },
}

export type Round = {
  failed: number
  reasons: string[]
  perSecond: number
  average: number
  p50: number
  p95: number
  p99: number
}

/** Runs two client processes, each with `connections` connections and `requestsEach` requests over each. */
export async function askOverAll(order: Order): Promise<Round> {
  const clients = Array.from({ length: processes }, () =>
    fork(path.resolve(import.meta.dirname, '../many-clients.ts'), { signal: AbortSignal.timeout(limitMs) }),
  )
  await Promise.all(
    clients.map(async (client) => {
      client.send(order)
      await messageOf(client)
    }),
  )
  const started = performance.now()
  for (const client of clients) client.send('go')
  const outcomes = (await Promise.all(clients.map(messageOf))) as Outcome[]
  const seconds = (performance.now() - started) / 1000
  const ms = outcomes.flatMap((one) => one.ms).sort((a, b) => a - b)
  return {
    failed: outcomes.reduce((sum, one) => sum + one.failed, 0),
    reasons: outcomes.flatMap((one) => one.reasons),
    perSecond: ms.length / seconds,
    average: ms.reduce((sum, one) => sum + one, 0) / Math.max(1, ms.length),
    p95: ms[Math.floor(ms.length * 0.95)] ?? 0,
    p50: ms[Math.floor(ms.length * 0.5)] ?? 0,
    p99: ms[Math.floor(ms.length * 0.99)] ?? 0,
  }
}

async function messageOf(client: ChildProcess): Promise<unknown> {
  const ended = once(client, 'exit').then(() => Promise.reject(new Error('a client process ended early')))
  ended.catch(() => {})
  return (await Promise.race([once(client, 'message'), ended]))[0]
}
