import { openConnection, type Connection } from '../connection.ts'
import { makeImage, pushImage, putManifest } from '../image.ts'
import { besidePeers, startPeers } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { output } from '../scratch.ts'

const clients = 16
const seconds = 6
const name = 'library/bench'

export const newTags: Scenario = {
  name: 'new-tags',
  says: 'new tags of one manifest: PUT of it under one new tag after the other, by 16 clients for 6 s, and by one',
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const [marina, peers] = [await startMarina(scratch), await startPeers(scratch)]
    const image = makeImage()
    for (const registry of [marina, ...peers]) {
      const connection = await openConnection(registry.port)
      await pushImage(connection, await registry.token([name]), name, 'first', image)
      connection.close()
    }
    let round = 0
    const measure = (count: number) => async (registry: Registry) => {
      await output('sync', [])
      return tagForAWhile(registry, count, `r${++round}`, image.manifest)
    }
    const ratios = { 'docker-registry': 1, distribution: 1, 'zot-synced': 1 }
    const many = { what: 'new tags of one manifest, 16 clients', unit: 'tags/s', ratios }
    const single = { what: 'new tags of one manifest, one client', unit: 'tags/s' }
    return [
      ...(await besidePeers(bench, many, marina, peers, measure(clients))),
      ...(await besidePeers(bench, single, marina, peers, measure(1))),
    ]
  },
}

async function tagForAWhile(registry: Registry, count: number, prefix: string, manifest: Buffer): Promise<number> {
  const token = await registry.token([name])
  const connections = await Promise.all(Array.from({ length: count }, () => openConnection(registry.port)))
  const started = performance.now()
  const end = started + seconds * 1000
  const counts = await Promise.all(
    connections.map((connection, index) => tagUntil(end, connection, token, `${prefix}-${index}`, manifest)),
  )
  const elapsed = (performance.now() - started) / 1000
  for (const connection of connections) connection.close()
  return counts.reduce((sum, one) => sum + one) / elapsed
}

async function tagUntil(
  end: number,
  connection: Connection,
  token: string,
  prefix: string,
  manifest: Buffer,
): Promise<number> {
  let count = 0
  while (performance.now() < end) await putManifest(connection, token, name, `${prefix}-${count++}`, manifest)
  return count
}
