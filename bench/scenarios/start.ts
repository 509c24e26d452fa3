import { startDockerRegistry, startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { openScratch, type Scratch } from '../scratch.ts'

type Start = (scratch: Scratch) => Promise<Registry>

export const start: Scenario = {
  name: 'start',
  says: 'from the start of the process to its first good answer: with an empty folder, and on what an earlier start left',
  async run(bench): Promise<Row[]> {
    const first = await takeTurns(bench, 'first start, ms', {
      marina: () => firstStart(startMarina),
      docker: () => firstStart(startDockerRegistry),
    })
    const later = await measureLaterStarts(bench)
    return [rowOf('first start, empty folder', first), { ...rowOf('later start', later), target: { most: 3000 } }]
  },
}

async function firstStart(begin: Start): Promise<number> {
  await using scratch = await openScratch()
  return await timeOf(begin, scratch)
}

async function measureLaterStarts(bench: Bench): Promise<{ marina: number[]; docker: number[] }> {
  // What the first start makes is there before anything is measured.
  for (const begin of [startMarina, startDockerRegistry]) await timeOf(begin, bench.scratch)
  return takeTurns(bench, 'later start, ms', {
    marina: () => timeOf(startMarina, bench.scratch),
    docker: () => timeOf(startDockerRegistry, bench.scratch),
  })
}

/** In ms. Marina's good answer is that of its health, with its database; docker-registry's is any. */
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
