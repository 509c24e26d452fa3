import { startDockerRegistry } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { openScratch, type Scratch } from '../scratch.ts'

type Start = (scratch: Scratch) => Promise<Registry>

/** With as many processes as Marina starts by itself. */
const asShipped: Start = (scratch) => startMarina(scratch, { MARINA_PROCESSES: 'auto' })

export const start: Scenario = {
  name: 'start',
  says: 'from the start of the process to its first good answer: in an empty folder, and in that of an earlier start',
  async run(bench): Promise<Row[]> {
    const first = await takeTurns(bench, 'first start, ms', {
      marina: () => firstStart(asShipped),
      docker: () => firstStart(startDockerRegistry),
    })
    const later = await measureLaterStarts(bench)
    return [rowOf('first start, empty folder', first), { ...rowOf('later start', later), target: { most: 1000 } }]
  },
}

async function firstStart(begin: Start): Promise<number> {
  await using scratch = await openScratch()
  return await timeOf(begin, scratch)
}

async function measureLaterStarts(bench: Bench): Promise<{ marina: number[]; docker: number[] }> {
  // An unmeasured first start creates the folders.
  for (const begin of [asShipped, startDockerRegistry]) await timeOf(begin, bench.scratch)
  return takeTurns(bench, 'later start, ms', {
    marina: () => timeOf(asShipped, bench.scratch),
    docker: () => timeOf(startDockerRegistry, bench.scratch),
  })
}

/** The time of a start in ms, up to Marina's good health with its database, or any answer of docker-registry. */
async function timeOf(begin: Start, scratch: Scratch): Promise<number> {
  const started = performance.now()
  const registry = await begin(scratch)
  const ms = performance.now() - started
  await registry.stop()
  return ms
}

function rowOf(what: string, { marina, docker }: { marina: number[]; docker: number[] }): Row {
  return { what, unit: 'ms', ours: marina, against: { name: 'docker-registry', values: docker }, lessIsBetter: true }
}
