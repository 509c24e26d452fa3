import { openConnection } from '../connection.ts'
import { makeImage, pushImage, putManifest } from '../image.ts'
import { besidePeers, startPeers } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import { median, type Row, type Scenario } from '../scenario.ts'

const tags = 10_000
const clients = 16
const reads = 30
const name = 'library/bench'

export const tagList: Scenario = {
  name: 'tag-list',
  says:
    'GET of the whole list of 10,000 tags of one manifest, 30 times by one client: the median time; ' +
    'not of zot, which takes minutes to get that many tags',
  async run(bench): Promise<Row[]> {
    const { scratch, say } = bench
    const [marina, peers] = [
      await startMarina(scratch),
      await startPeers(scratch, ['docker-registry', 'distribution', 'harbor']),
    ]
    for (const registry of [marina, ...peers]) {
      await fill(registry)
      say(`${registry.name} has ${tags} tags`)
    }
    const ratios = { 'docker-registry': 1, distribution: 1 }
    const row = { what: 'list of 10,000 tags', unit: 'ms', ratios, lessIsBetter: true } as const
    return besidePeers(bench, row, marina, peers, readLists)
  },
}

async function fill(registry: Registry): Promise<void> {
  const token = await registry.token([name])
  const image = makeImage()
  const connections = await Promise.all(Array.from({ length: clients }, () => openConnection(registry.port)))
  await pushImage(connections[0]!, token, name, tagOf(0), image)
  let next = 1
  await Promise.all(
    connections.map(async (connection) => {
      while (next < tags) await putManifest(connection, token, name, tagOf(next++), image.manifest)
      connection.close()
    }),
  )
}

const tagOf = (number: number) => `v1.${number}.0-build`

async function readLists(registry: Registry): Promise<number> {
  const token = await registry.token([name])
  const times: number[] = []
  for (let count = 0; count < reads; count++) {
    const started = performance.now()
    await readList(registry, token)
    times.push(performance.now() - started)
  }
  return median(times)
}

/**
 * Reads page after page, as a client does that follows the links: a registry may cut the list. By fetch, because some
 * registries send lists in chunks.
 */
async function readList({ port }: Registry, token: string): Promise<void> {
  const found: string[] = []
  const headers = { authorization: `Bearer ${token}` }
  for (let target: string | undefined = `/v2/${name}/tags/list`; target;) {
    const answer: Response = await fetch(new URL(target, `http://127.0.0.1:${port}`), { headers })
    found.push(...((await answer.json()) as { tags: string[] }).tags)
    target = /<([^>]*)>/.exec(answer.headers.get('link') ?? '')?.[1]
  }
  if (found.length !== tags) throw new Error(`a list of ${found.length} tags instead of ${tags}`)
}
