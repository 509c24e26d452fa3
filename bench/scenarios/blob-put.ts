import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { openConnection } from '../connection.ts'
import { startUpload, withDigest } from '../image.ts'
import { startDockerRegistry } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Row, type Scenario } from '../scenario.ts'
import { output } from '../scratch.ts'

const MiB = 2 ** 20
const size = 512 * MiB
const name = 'library/bench'

export const blobPut: Scenario = {
  name: 'blob-put',
  says: 'one PUT of 512 MiB of new random bytes by curl, durable before the answer; then GET of the same blob',
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const registries = { marina: await startMarina(scratch), docker: await startDockerRegistry(scratch) }
    const file = scratch.path('blob')
    const stored: Partial<Record<string, { registry: Registry; digest: string }>> = {}
    const put = (registry: Registry) => async () => {
      // New bytes each time, so that no registry can say that it has them. They are synced before the clock starts, so
      // that the kernel does not write them, or those of the other side's round, during this one.
      const digest = await writeRandom(file)
      await output('sync', [])
      const seconds = await putFile(registry, file, digest)
      stored[registry.name] = { registry, digest }
      return size / MiB / seconds
    }
    const get = (registry: Registry) => async () => {
      const { digest } = stored[registry.name]!
      const seconds = await getBlob(registry, digest)
      return size / MiB / seconds
    }
    const puts = await takeTurns(bench, 'blob PUT, MiB/s', {
      marina: put(registries.marina),
      docker: put(registries.docker),
    })
    await output('sync', [])
    const gets = await takeTurns(bench, 'blob GET, MiB/s', {
      marina: get(registries.marina),
      docker: get(registries.docker),
    })
    const row = (what: string, values: typeof puts, ratio: number): Row => ({
      what,
      unit: 'MiB/s',
      ours: values.marina,
      against: { name: 'docker-registry', values: values.docker },
      target: { ratio },
    })
    return [row('blob PUT, 512 MiB', puts, 2.5), row('blob GET, 512 MiB', gets, 1)]
  },
}

async function writeRandom(file: string): Promise<string> {
  const hash = createHash('sha256')
  const out = createWriteStream(file)
  for (let written = 0; written < size; written += 4 * MiB) {
    const bytes = randomBytes(4 * MiB)
    hash.update(bytes)
    if (!out.write(bytes)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
  return `sha256:${hash.digest('hex')}`
}

/** The time of a PUT in seconds, from its connection to the answer, as curl measures it. */
async function putFile(registry: Registry, file: string, digest: string): Promise<number> {
  const token = await registry.token([name])
  const connection = await openConnection(registry.port)
  const location = await startUpload(connection, token, name)
  connection.close()
  const url = `http://127.0.0.1:${registry.port}${withDigest(location, digest)}`
  const said = await curl([
    '-T',
    file,
    '-H',
    'Expect:',
    '-H',
    'Content-Type: application/octet-stream',
    '-H',
    `Authorization: Bearer ${token}`,
    '-o',
    '/dev/null',
    url,
  ])
  if (said.status !== 201) throw new Error(`${registry.name} answered ${said.status} to a PUT`)
  return said.seconds
}

async function getBlob(registry: Registry, digest: string): Promise<number> {
  const token = await registry.token([name])
  const said = await curl([
    '-o',
    '/dev/null',
    '-H',
    `Authorization: Bearer ${token}`,
    `http://127.0.0.1:${registry.port}/v2/${name}/blobs/${digest}`,
  ])
  if (said.status !== 200 || said.received !== size)
    throw new Error(`${registry.name} answered ${said.status} and ${said.received} bytes to a GET`)
  return said.seconds
}

async function curl(args: string[]): Promise<{ status: number; seconds: number; received: number }> {
  const said = await output('curl', ['-s', '-S', '-w', '%{http_code} %{time_total} %{size_download}', ...args])
  const [status, seconds, received] = said.split(' ').map(Number)
  return { status: status!, seconds: seconds!, received: received! }
}
