import { openConnection, type Connection } from '../connection.ts'
import { makeImage, pushImage } from '../image.ts'
import { besidePeers, startPeers } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { output } from '../scratch.ts'

const clients = 16
const seconds = 10

export const smallPush: Scenario = {
  name: 'small-push',
  says:
    'pushes of small images, all of them new (config 1.5 KB, one layer 4 KB), by 16 clients for 10 s: ' +
    '7 requests each, as docker sends them',
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const [marina, peers] = [await startMarina(scratch), await startPeers(scratch)]
    let round = 0
    const ratios = { 'docker-registry': 2.5, distribution: 1.5, 'zot-synced': 1.5 }
    const row = { what: 'small image pushes, 16 clients', unit: 'pushes/s', ratios }
    return besidePeers(bench, row, marina, peers, async (registry) => {
      await output('sync', [])
      return pushForAWhile(registry, ++round)
    })
  },
}

/** Each client has a repository, a token and a connection of its own, and pushes one image after the other. */
async function pushForAWhile(registry: Registry, round: number): Promise<number> {
  const names = Array.from({ length: clients }, (_, index) => `library/bench-${index}`)
  const opened = await Promise.all(
    names.map(async (name) => ({
      name,
      token: await registry.token([name]),
      connection: await openConnection(registry.port),
    })),
  )
  const started = performance.now()
  const end = started + seconds * 1000
  const counts = await Promise.all(opened.map((client) => pushUntil(end, client, `r${round}`)))
  const elapsed = (performance.now() - started) / 1000
  for (const { connection } of opened) connection.close()
  return counts.reduce((sum, count) => sum + count) / elapsed
}

async function pushUntil(
  end: number,
  { name, token, connection }: { name: string; token: string; connection: Connection },
  prefix: string,
): Promise<number> {
  let count = 0
  while (performance.now() < end) await pushImage(connection, token, name, `${prefix}-${count++}`, makeImage())
  return count
}
