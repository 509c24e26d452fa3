import { Client } from 'pg'
import { askAll } from '../ask-all.ts'
import { basic, databaseUrlOf, startMarina } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { seedFindings } from '../seed-findings.ts'

const artifacts = Number(process.env['BENCH_ARTIFACTS'] ?? 100_000)
const findings = Number(process.env['BENCH_FINDINGS'] ?? 1_000_000)
const clients = 2
const requests = 60
/** The longest p95, in ms. */
const most = 200

const q = (text: string) => `/security/vul?page_size=15&tune_count=true&with_tag=true&q=${encodeURIComponent(text)}`
/** What is asked for; `1st` is the id of a project. */
const sides: Record<string, string> = {
  summary: '/security/summary?with_dangerous_cve=true&with_dangerous_artifact=true',
  'the first page': '/security/vul?page_size=15&tune_count=true&with_tag=true',
  'the first page, counted': '/security/vul?page_size=15',
  'a vulnerability': q('cve_id=CVE-2021-21'),
  'a vulnerability of a base image': q('cve_id=CVE-2005-5'),
  'a severity': q('severity=Low'),
  'a package': q('package=package42'),
  'a range of scores': q('cvss_score_v3=[7.0~7.9]'),
  'a project': q('project_id=1st'),
  'a project, a severity and a package': q('project_id=1st,severity=High,package=package42'),
  'a repository': q('repository_name=found42/r3'),
  'a status': q('status=fixed'),
  'a tag': q('tag=v4242'),
}

export const hub: Scenario = {
  name: 'hub',
  says: `the security hub of ${artifacts} images (BENCH_ARTIFACTS) with ${findings} findings (BENCH_FINDINGS), p95`,
  async run({ scratch, rounds, say }): Promise<Row[]> {
    const marina = await startMarina(scratch)
    const database = new Client(databaseUrlOf(scratch))
    await database.connect()
    say(`seeding ${artifacts} images and ${findings} findings`)
    const project = await seedFindings(database, { artifacts, findings })
    await database.end()
    const head = `authorization: ${basic}\r\n`
    const ask = (name: string, count: number) =>
      askAll(marina.port, { clients, head, target: () => `/api/v2.0${sides[name]!.replace('1st', project)}` }, count)
    const values = Object.fromEntries(Object.keys(sides).map((name) => [name, [] as number[]]))
    // Not measured: a new process still compiles its code.
    for (const name of Object.keys(sides)) await ask(name, clients * 2)
    for (let round = 1; round <= rounds; round++)
      for (const name of Object.keys(sides)) {
        const ms = await ask(name, requests)
        values[name]!.push(ms[Math.floor(ms.length * 0.95)]!)
        const [p95, p50] = [values[name]!.at(-1)!.toFixed(1), ms[ms.length >> 1]!.toFixed(1)]
        say(`${name}, round ${round} of ${rounds}: p95 ${p95} ms, p50 ${p50} ms`)
      }
    return Object.keys(sides).map((name) => ({
      what: `security hub, ${name}, ${clients} clients: p95`,
      unit: 'ms',
      ours: values[name]!,
      lessIsBetter: true,
      target: { most },
    }))
  },
}
