import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { processorMs } from '../cost.ts'
import { makeImage, pushOne } from '../image.ts'
import { besidePeers, startDockerRegistry, startPeers } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { freePort, type Program, type Scratch } from '../scratch.ts'
import { wrk } from '../wrk.ts'

const name = 'library/bench'
const load = { threads: 2, connections: 64, seconds: 10 }

export const manifestGet: Scenario = {
  name: 'manifest-get',
  says:
    'manifest GET by tag with a bearer token, 64 connections for 10 s: ' +
    'against docker-registry, a bare node:http server, and two processes behind one port',
  async run(bench: Bench): Promise<Row[]> {
    const { scratch } = bench
    const [marina, docker] = [await startMarina(scratch), await startDockerRegistry(scratch)]
    const both = await startMarina(scratch, {
      MARINA_DATA_DIR: scratch.path('both'),
      MARINA_PROCESSES: '2',
      MARINA_PROCESSES_IDLE: '2',
    })
    const image = makeImage()
    const ours = await pushOne(marina, name, image)
    const ofBoth = await pushOne(both, name, image)
    const theirs = await pushOne(docker, name, image)
    const asked = (token: string) => ({
      target: ours.target,
      headers: { authorization: `Bearer ${token}`, accept: ours.manifestType },
    })
    const [toOurs, toTheirs] = [asked(ours.token), asked(theirs.token)]
    const bare = await startBare(scratch, marina.port, toOurs)
    const toBoth = asked(ofBoth.token)
    const micros = { marina: [] as number[], bare: [] as number[] }
    const measured = async (side: keyof typeof micros, { pid, port }: Program) => {
      const before = processorMs(pid)
      const rate = await wrk({ ...toOurs, ...load, port })
      micros[side].push(((processorMs(pid) - before) * 1000) / (rate * load.seconds))
      return rate
    }
    const values = await takeTurns(bench, 'manifest GET/s', {
      marina: () => measured('marina', marina),
      docker: () => wrk({ ...toTheirs, ...load, port: docker.port }),
      bare: () => measured('bare', bare),
      two: () => wrk({ ...toBoth, ...load, port: both.port }),
    })
    return [...rowsOf(values, micros), ...(await besideHarbor(bench, marina))]
  },
}

/** `values`: requests/s of each side; `micros`: processor time of a request, in µs. */
function rowsOf(
  values: Record<'marina' | 'docker' | 'bare' | 'two', number[]>,
  micros: Record<'marina' | 'bare', number[]>,
): Row[] {
  return [
    {
      what: 'manifest GET by tag',
      unit: 'requests/s',
      ours: values.marina,
      against: { name: 'docker-registry', values: values.docker },
      target: { ratio: 10 },
    },
    {
      what: 'manifest GET by tag',
      unit: 'requests/s',
      ours: values.marina,
      against: { name: 'bare node:http', values: values.bare },
      target: { ratio: 0.6 },
    },
    {
      what: 'processor time of a manifest GET by tag',
      unit: 'µs',
      lessIsBetter: true,
      ours: micros.marina,
      against: { name: 'bare node:http', values: micros.bare },
      target: { ratio: 0.7 },
      note: 'says more than requests/s beside other work',
    },
    {
      what: 'manifest GET, two processes behind one port',
      unit: 'requests/s',
      ours: values.two,
      against: { name: 'one process', values: values.marina },
      note: 'wrk shares the cores',
    },
  ]
}

/** Marina and a Harbor in turns, where the address of one is given. */
async function besideHarbor(bench: Bench, marina: Registry): Promise<Row[]> {
  const harbor = await startPeers(bench.scratch, ['harbor'])
  if (harbor.length === 0) return []
  const row = { what: 'manifest GET by tag', unit: 'requests/s' }
  return besidePeers(bench, row, marina, harbor, async (registry) => {
    const { token, target, manifestType } = await pushOne(registry, name, makeImage())
    const headers = { authorization: `Bearer ${token}`, accept: manifestType }
    return wrk({ target, headers, ...load, port: registry.port })
  })
}

export async function startBare(
  scratch: Scratch,
  from: number,
  { target, headers }: { target: string; headers: Record<string, string> },
): Promise<Program> {
  const answer = await fetch(`http://127.0.0.1:${from}${target}`, { headers })
  const body = Buffer.from(await answer.arrayBuffer())
  // Headers that node:http adds by itself are left out of the recorded answer: the bare server adds them, too.
  const recorded = Object.fromEntries(
    [...answer.headers].filter(([header]) => !['date', 'connection', 'keep-alive'].includes(header)),
  )
  const file = scratch.path('answer.json')
  writeFileSync(file, JSON.stringify({ headers: recorded, body: body.toString('base64') }))
  const port = await freePort()
  return scratch.start([process.execPath, path.resolve(import.meta.dirname, '../bare.ts'), String(port), file], {
    port,
  })
}
