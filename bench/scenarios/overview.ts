import { Client } from 'pg'
import { askAll } from '../ask-all.ts'
import { basic, databaseUrlOf, startMarina } from '../registries.ts'
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
    const marina = await startMarina(scratch)
    const url = databaseUrlOf(scratch)
    say('seeding')
    await seed(url, { repository: 'library/large', artifacts: sizes.artifacts, referrers: 0 })
    const bytes = await seedReports(url)
    say(`${sizes.links} findings of ${sizes.artifacts} images: ${bytes.toFixed(1)} bytes each`)
    const head = `authorization: ${basic}\r\n`
    const pages = Math.floor(sizes.artifacts / 100)
    const list = (query: string) => () =>
      `/api/v2.0/projects/library/repositories/large/artifacts?page_size=100&page=${pageOf(pages)}${query}`
    const sides = { with: list('&with_scan_overview=true'), without: list('') }
    const values = { with: [] as number[], without: [] as number[] }
    for (const target of Object.values(sides)) await askAll(marina.port, { clients, head, target }, clients * 10)
    for (let round = 1; round <= rounds; round++) {
      for (const name of ['with', 'without'] as const) {
        const ms = await askAll(marina.port, { clients, head, target: sides[name] }, requests)
        values[name].push(ms[ms.length >> 1]!)
        say(`${name} overview, round ${round} of ${rounds}: p50 ${values[name].at(-1)!.toFixed(1)} ms`)
      }
    }
    return [
      {
        what: 'list of 100 artifacts with overview: p50',
        unit: 'ms',
        ours: values.with,
        lessIsBetter: true,
        against: { name: 'the list without', values: values.without },
        target: { ratio: 1 / 1.3 },
      },
      { what: 'database for one finding of an image', unit: 'bytes', ours: [bytes], lessIsBetter: true },
    ]
  },
}

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
