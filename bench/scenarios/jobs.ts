import path from 'node:path'
import { databaseUrlOf, startMarina } from '../registries.ts'
import { takeTurns, type Row, type Scenario } from '../scenario.ts'
import { output } from '../scratch.ts'

const load = path.resolve(import.meta.dirname, '../../tools/jobs-load.ts')
const jobs = 10_000
/** The jobs of the growth measurement; a million takes about half an hour. */
const many = Number(process.env['BENCH_JOBS'] ?? 100_000)

export const jobService: Scenario = {
  name: 'jobs',
  says:
    `${jobs} small jobs through the job service, beside graphile-worker alone; pickup; ` +
    `growth of the tables by ${many} jobs (BENCH_JOBS)`,
  async run(bench): Promise<Row[]> {
    const { scratch, say } = bench
    await startMarina(scratch, { MARINA_WORKERS: 'none' })
    const run = async <Said>(mode: string, count: number) =>
      JSON.parse(
        await output(process.execPath, [load, mode, String(count)], { MARINA_BENCH_DATABASE: databaseUrlOf(scratch) }),
      ) as Said
    type Rates = { enqueueSeconds: number; finishSeconds: number }
    const enqueued: Record<string, number[]> = { ours: [], bare: [] }
    const side = (mode: string) => async () => {
      const { enqueueSeconds, finishSeconds } = await run<Rates>(mode, jobs)
      enqueued[mode]!.push(jobs / enqueueSeconds)
      return jobs / finishSeconds
    }
    const finished = await takeTurns(bench, 'jobs finished/s', { ours: side('ours'), bare: side('bare') })
    const { p50, p95, most } = await run<{ p50: number; p95: number; most: number }>('pickup', 300)
    say(`pickup p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, longest ${most.toFixed(1)} ms`)
    const { rounds } = await run<{ rounds: { rate: number; rows: number; mib: number }[] }>('growth', many)
    for (const [index, { rate, rows, mib }] of rounds.entries())
      say(`growth, round ${index + 1} of ${rounds.length}: ${rate} jobs/s, ${rows} rows and ${mib} MiB afterwards`)
    const [first, last] = [rounds.slice(0, 3), rounds.slice(-3)].map((some) => some.map(({ rate }) => rate))
    return [
      {
        what: `${jobs} small jobs finished, ten at once`,
        unit: 'jobs/s',
        ours: finished.ours,
        against: { name: 'graphile-worker alone', values: finished.bare },
      },
      {
        what: 'jobs enqueued, each in its own transaction, 8 clients',
        unit: 'jobs/s',
        ours: enqueued['ours']!,
        against: { name: 'graphile-worker alone', values: enqueued['bare']! },
      },
      {
        what: 'pickup of a single job, p50',
        unit: 'ms',
        ours: [p50],
        target: { most: 100 },
        note: `p95 ${p95.toFixed(1)} ms`,
      },
      {
        what: `the last of ${many} jobs beside the first`,
        unit: 'jobs/s',
        ours: last!,
        against: { name: 'first three tenths', values: first! },
        target: { ratio: 0.8 },
        note: `${rounds.at(-1)!.rows} rows, ${rounds.at(-1)!.mib} MiB are left`,
      },
    ]
  },
}
