import { getBytes, patchFile, putFile, size, writeRandom } from '../big-blob.ts'
import { besidePeers, startPeers } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { output } from '../scratch.ts'

const MiB = 2 ** 20
const name = 'library/bench'

export const blobPut: Scenario = {
  name: 'blob-put',
  says: 'a PUT of 512 MiB of new random bytes by curl, durable before the answer; PATCH and PUT of them; GET',
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const [marina, peers] = [await startMarina(scratch), await startPeers(scratch)]
    const file = scratch.path('blob')
    const stored = new Map<Registry, string>()
    const put = (send: typeof putFile) => async (registry: Registry) => {
      // New bytes each time, so that no registry can say that it has them. They are synced before the clock starts, so
      // that the kernel does not write them, or those of the other side's round, during this one.
      const digest = await writeRandom(file)
      await output('sync', [])
      const seconds = await send(registry, name, file, digest)
      stored.set(registry, digest)
      return size / MiB / seconds
    }
    const get = async (registry: Registry) => {
      const url = `http://127.0.0.1:${registry.port}/v2/${name}/blobs/${stored.get(registry)!}`
      return size / MiB / (await getBytes(url, await registry.token([name])))
    }
    const puts = { 'docker-registry': 2.5, distribution: 1, 'zot-synced': 1 }
    const gets = { 'docker-registry': 1, distribution: 1 }
    const putRows = await besidePeers(
      bench,
      { what: 'blob PUT, 512 MiB', unit: 'MiB/s', ratios: puts },
      marina,
      peers,
      put(putFile),
    )
    const what = 'blob PATCH and PUT, 512 MiB'
    const patchRows = await besidePeers(bench, { what, unit: 'MiB/s' }, marina, peers, put(patchFile))
    await output('sync', [])
    const getRows = await besidePeers(
      bench,
      { what: 'blob GET, 512 MiB', unit: 'MiB/s', ratios: gets },
      marina,
      peers,
      get,
    )
    return [...putRows, ...patchRows, ...getRows]
  },
}
