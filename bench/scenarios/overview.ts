import { Client } from 'pg'
import { askAll } from '../ask-all.ts'
import { processorMs } from '../cost.ts'
import { basic, databaseUrlOf, startMarina, startSecondMarina, type Registry } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { seed } from '../seed.ts'

/** `links` of a report to findings, each finding shared by a hundred images; see `seedReports`. */
const sizes = {
  artifacts: Number(process.env['BENCH_ARTIFACTS'] ?? 100_000),
  links: Number(process.env['BENCH_FINDINGS'] ?? 1_000_000),
}
const requests = 400
const clients = 4

export const overview: Scenario = {
  name: 'overview',
  says:
    'lists of 100 artifacts with and without what scanners have found, out of 100,000 with 1,000,000 findings ' +
    '(BENCH_ARTIFACTS, BENCH_FINDINGS), and bytes of the database for one finding of an image',
  async run({ scratch, rounds, say }): Promise<Row[]> {
    const shared = await startMarina(scratch)
    const url = databaseUrlOf(scratch)
    say('seeding')
    await seed(url, { repository: 'library/large', artifacts: sizes.artifacts, referrers: 0 })
    const bytes = await seedReports(url)
    say(`${sizes.links} findings of ${sizes.artifacts} images: ${bytes.toFixed(1)} bytes each`)
    // A Marina for each side: what one side reads would push what the other has read out of a common memory.
    const own = {
      with: await startSecondMarina(scratch, {}, 'marina-with'),
      without: await startSecondMarina(scratch, {}, 'marina-without'),
    }
    const apart = await compare({ rounds, say, marinas: own, how: 'a Marina for each' })
    const together = await compare({
      rounds,
      say,
      marinas: { with: shared, without: shared },
      how: 'one Marina for both',
    })
    return [
      rowOf('list of 100 artifacts with overview: p50', apart.ms, { ratio: 1 / 1.3 }),
      rowOf('the same, processor time of Marina', apart.processorMs),
      rowOf('p50 with one Marina for both lists', together.ms),
      rowOf('the same, processor time of Marina', together.processorMs),
      { what: 'database for one finding of an image', unit: 'bytes', ours: [bytes], lessIsBetter: true },
    ]
  },
}

type Sides<Value> = { with: Value; without: Value }
type Comparison = { rounds: number; say: (line: string) => void; marinas: Sides<Registry>; how: string }

/** p50 of the lists of each round, and the processor time of the server for one list, both in ms. */
async function compare({ rounds, say, marinas, how }: Comparison) {
  const head = `authorization: ${basic}\r\n`
  const pages = Math.floor(sizes.artifacts / 100)
  const list = (query: string) => () =>
    `/api/v2.0/projects/library/repositories/large/artifacts?page_size=100&page=${pageOf(pages)}${query}`
  const targets = { with: list('&with_scan_overview=true'), without: list('') }
  const ask = (side: keyof typeof targets, count: number) =>
    askAll(marinas[side].port, { clients, head, target: targets[side] }, count)
  const values = {
    ms: { with: [], without: [] } as Sides<number[]>,
    processorMs: { with: [], without: [] } as Sides<number[]>,
  }
  const names = ['with', 'without'] as const
  // Until memory holds as much of 100,000 artifacts as it may.
  for (const name of names) await ask(name, pages)
  for (let round = 1; round <= rounds; round++)
    for (const name of round % 2 === 1 ? names : names.toReversed()) {
      const before = processorMs(marinas[name].pid)
      const ms = await ask(name, requests)
      values.ms[name].push(ms[ms.length >> 1]!)
      values.processorMs[name].push((processorMs(marinas[name].pid) - before) / requests)
      const [p50, cost] = [values.ms[name].at(-1)!, values.processorMs[name].at(-1)!]
      say(
        `${how}, ${name} overview, round ${round} of ${rounds}: p50 ${p50.toFixed(1)} ms, ` +
          `${cost.toFixed(2)} ms of processor`,
      )
    }
  return values
}

const rowOf = (what: string, values: Sides<number[]>, target?: Row['target']): Row => ({
  what,
  unit: 'ms',
  ours: values.with,
  lessIsBetter: true,
  against: { name: 'the list without', values: values.without },
  ...(target ? { target } : {}),
})

const pageOf = (pages: number) => 1 + Math.floor(Math.random() * pages)

/** A report for each artifact, as a scan leaves them. Returns the bytes of the tables for each link to a finding. */
async function seedReports(url: string): Promise<number> {
  const client = new Client(url)
  await client.connect()
  try {
    await client.query('set statement_timeout = 0')
    const each = Math.max(1, Math.round(sizes.links / sizes.artifacts))
    const kinds = Math.max(each, Math.round(sizes.links / 100))
    for (const step of stepsOf(each, kinds)) await client.query(step)
    const { rows } = await client.query<{ bytes: string }>(`
      select sum(pg_total_relation_size(name::regclass)) as bytes
      from unnest(array['finding', 'report_finding', 'vulnerability_report']) as name`)
    return Number(rows[0]!.bytes) / sizes.links
  } finally {
    await client.end()
  }
}

/** Artifact number n has the `each` findings from n on, so that near ones share most of theirs, as images do. */
const stepsOf = (each: number, kinds: number): string[] => [
  `insert into scanner (name, url, is_default) values ('bench', 'http://bench.example', true)`,
  `insert into finding (hash, cve_id, package, version, fixed_version, severity, status, cvss_v3, details)
    select sha256(n::text::bytea), 'CVE-2026-' || n, 'package-' || n % 2000, '1.' || n % 100, '1.' || n % 100 + 1,
      n % 6 + 1, 'fixed', 7.5, jsonb_build_object(
        'description', repeat('what it is about, ', 20), 'links', jsonb_build_array('https://example.com/' || n))
    from generate_series(1, ${kinds}) n`,
  `insert into vulnerability_report (
      artifact_id, scanner_id, task_id, made_by, is_made, started_at, ended_at, mime_type, scanner, severity, total,
      fixable, counts)
    select artifact.id, scanner.id, artifact.id, artifact.id, true, now(), now(),
      'application/vnd.security.vulnerability.report; version=1.1',
      '{"name": "Bench", "vendor": "Bench", "version": "1"}', 6, ${each}, ${each}, '{0,0,0,0,0,0,${each}}'
    from artifact, scanner`,
  `insert into report_finding (report_id, finding_id)
    select report.id, 1 + (report.id + n) % ${kinds} from vulnerability_report report, generate_series(0, ${each - 1}) n
    on conflict do nothing`,
  'vacuum analyze vulnerability_report, finding, report_finding',
]
