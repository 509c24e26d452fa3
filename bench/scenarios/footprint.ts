import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openConnection } from '../connection.ts'
import { makeImage, pushImage, pushOne } from '../image.ts'
import { startDockerRegistry } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Row, type Scenario } from '../scenario.ts'
import { openScratch } from '../scratch.ts'
import { wrk } from '../wrk.ts'

const name = 'library/bench'
const pushers = 8
const seconds = 20
/** After this, in ms, what a start or a load left is collected, and idle connections to PostgreSQL are closed. */
const settledMs = 20_000
const MiB = 2 ** 20

type Footprint = { idle: number; loaded: number }

export const footprint: Scenario = {
  name: 'footprint',
  says:
    'proportional memory (PSS) of all processes with PostgreSQL, as many as Marina starts by itself: 20 s after the ' +
    'start, and the highest while 64 connections pull a manifest and 8 clients push for 20 s',
  async run(bench): Promise<Row[]> {
    const asShipped: typeof startMarina = (scratch) => startMarina(scratch, { MARINA_PROCESSES: 'auto' })
    const single = { marina: [] as Footprint[], docker: [] as Footprint[] }
    const measured = (side: keyof typeof single, start: typeof startMarina) => async () => {
      const taken = await measure(start)
      single[side].push(taken)
      return taken.loaded
    }
    await takeTurns(bench, 'PSS under load, MiB', {
      marina: measured('marina', asShipped),
      docker: measured('docker', startDockerRegistry),
    })
    const row = (what: string, kind: keyof Footprint, most: number): Row => ({
      what,
      unit: 'MiB',
      ours: single.marina.map((one) => one[kind]),
      against: { name: 'docker-registry', values: single.docker.map((one) => one[kind]) },
      lessIsBetter: true,
      target: { most },
    })
    return [row('memory when idle', 'idle', 120), row('memory under load', 'loaded', 250)]
  },
}

/** A fresh installation, so that nothing of an earlier round is in memory. */
async function measure(start: typeof startMarina): Promise<Footprint> {
  await using scratch = await openScratch()
  // The first start compiles, which a later one does not.
  await (await start(scratch)).stop()
  const registry = await start(scratch)
  await sleep(settledMs)
  const idle = pssOf(registry.pid)
  let loaded = idle
  const sampling = setInterval(() => (loaded = Math.max(loaded, pssOf(registry.pid))), 250)
  try {
    await load(registry)
  } finally {
    clearInterval(sampling)
  }
  await registry.stop()
  return { idle, loaded }
}

async function load(registry: Registry): Promise<void> {
  const { target, token, manifestType } = await pushOne(registry, name, makeImage())
  const headers = { authorization: `Bearer ${token}`, accept: manifestType }
  const end = performance.now() + seconds * 1000
  const push = async (_: unknown, index: number) => {
    const repository = `${name}-${index}`
    const own = await registry.token([repository])
    const connection = await openConnection(registry.port)
    for (let n = 0; performance.now() < end; n++) await pushImage(connection, own, repository, `t${n}`, makeImage())
    connection.close()
  }
  const pulling = wrk({ port: registry.port, target, headers, threads: 1, connections: 64, seconds })
  await Promise.all([pulling, ...Array.from({ length: pushers }, push)])
}

/** The memory of a process and all below it, in MiB: pages that several share count for each by its part. */
function pssOf(pid: number): number {
  const parents = new Map<number, number[]>()
  for (const one of readdirSync('/proc').map(Number)) {
    const parent = one > 0 ? parentOf(one) : undefined
    if (parent !== undefined) parents.set(parent, [...(parents.get(parent) ?? []), one])
  }
  const below = (one: number): number[] => [one, ...(parents.get(one) ?? []).flatMap(below)]
  return below(pid).reduce((sum, one) => sum + pssOfOne(one), 0) / MiB
}

function pssOfOne(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readOrNothing(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024
}

function parentOf(pid: number): number | undefined {
  const fields = readOrNothing(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ')
  return fields[1] === undefined ? undefined : Number(fields[1])
}

/** A process may end while it is looked at. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
