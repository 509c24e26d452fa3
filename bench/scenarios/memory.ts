import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import type { Order } from '../big-uploads.ts'
import { makeImage, pushOne } from '../image.ts'
import { startDockerRegistry } from '../peers.ts'
import { startMarina, type Registry } from '../registries.ts'
import { takeTurns, type Row, type Scenario } from '../scenario.ts'
import { openScratch, output } from '../scratch.ts'

const GiB = 2 ** 30
const uploads = 16
const name = 'library/bench'

export const memory: Scenario = {
  name: 'memory',
  says: 'sixteen uploads of 1 GiB at once: growth of resident memory, the highest of samples every 100 ms over before',
  roundsAtMost: 1,
  async run(bench): Promise<Row[]> {
    const { bavail, bsize } = await statfs(bench.scratch.dir)
    if (bavail * bsize < (uploads + 4) * GiB)
      throw new Error(`${bench.scratch.dir} has less than ${uploads + 4} GiB free`)
    // A new process in each round: memory that has grown once would hide the next growth. Rounds share the disk's 16
    // GiB.
    const values = await takeTurns(bench, 'growth of RSS, MB', {
      marina: () => grow(startMarina),
      docker: () => grow(startDockerRegistry),
    })
    return [
      {
        what: 'memory, 16 uploads of 1 GiB',
        unit: 'MB',
        ours: values.marina,
        against: { name: 'docker-registry', values: values.docker },
        lessIsBetter: true,
        target: { most: 150 },
      },
    ]
  },
}

async function grow(start: typeof startMarina): Promise<number> {
  await using scratch = await openScratch()
  const registry = await start(scratch)
  // One small push first, so that code and connections are loaded before the measurement.
  await pushOne(registry, name, makeImage())
  const before = rss(registry.pid)
  let peak = before
  const sampling = setInterval(() => (peak = Math.max(peak, rss(registry.pid))), 100)
  try {
    await uploadAll(registry)
  } finally {
    clearInterval(sampling)
  }
  await registry.stop()
  await rm(registry.storage, { recursive: true, force: true })
  await output('sync', [])
  return peak - before
}

async function uploadAll(registry: Registry): Promise<void> {
  const client = fork(path.resolve(import.meta.dirname, '../big-uploads.ts'))
  client.send({ port: registry.port, token: await registry.token([name]), name, uploads, blocks: 1024 } satisfies Order)
  const ended = once(client, 'exit').then(() => Promise.reject(new Error('the client process ended early')))
  ended.catch(() => {})
  const [said] = (await Promise.race([once(client, 'message'), ended])) as [string]
  if (said !== 'done') throw new Error(`${registry.name}: ${said}`)
}

/** The resident memory of a process, in MB of 10^6 bytes. */
function rss(pid: number): number {
  return (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024) / 1e6
}
