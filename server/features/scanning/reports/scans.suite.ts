import assert from 'node:assert/strict'
import { after } from 'node:test'
import { fresh, givenCast } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { pushLayers, type LayerFile } from '../../../testing/layers.ts'
import { openRest } from '../../../testing/rest.ts'
import { openScannerAdapter, type Plan } from '../../../testing/scanner-adapter.ts'
import { openTestMarina } from '../../../testing/server.ts'

/** What tests of scans share: a Marina with short limits, and a stand-in for a scanner beside it. */
export const external = 'https://registry.example'
export const internal = 'http://inside.example:8080'
export const marina = await openTestMarina({
  MARINA_OUTBOUND_ALLOW: '127.0.0.1',
  MARINA_EXTERNAL_URL: external,
  MARINA_SCAN_INTERNAL_URL: internal,
  MARINA_SCAN_TIMEOUT: '6s',
  MARINA_SCAN_REPORT: '1MiB',
  MARINA_SCAN_FINDINGS: '500',
  MARINA_SCAN_DESCRIPTION: '1KiB',
})
after(() => marina[Symbol.asyncDispose]())
export const adapter = await openScannerAdapter(() => marina.url)
after(() => adapter[Symbol.asyncDispose]())
export const db = marina.ground.db
export const admin = marina.admin
export const rest = openRest(marina)
export const cast = await givenCast(marina)

export const generic = 'application/vnd.security.vulnerability.report; version=1.1'
export const native = 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0'

export type Overview = {
  report_id: string
  scan_status: string
  severity?: string
  complete_percent?: number
  duration?: number
  summary?: { total: number; fixable: number; summary: Record<string, number> } | null
  scanner?: object
  start_time: string
  end_time: string
}
export type Shown = {
  digest: string
  scan_overview?: Record<string, Overview>
  addition_links: Record<string, { href: string }>
}

export const layer: LayerFile[] = [['etc/os-release', 'ID=debian\nVERSION_ID="12"\n']]
export const inA = (repository: string, reference = 'v1') =>
  `/projects/${cast.A.name}/repositories/${repository}/artifacts/${reference}`
export const full = (repository: string) => `${cast.A.name}/${repository}`
export const show = async (repository: string, reference = 'v1', who = cast.guA) =>
  expectAnswer(await rest('GET', `${inA(repository, reference)}?with_scan_overview=true`, who), 200).json() as Shown
export const overviewOf = async (repository: string, reference = 'v1') =>
  Object.values((await show(repository, reference)).scan_overview ?? {})[0]
export const scan = (repository: string, reference = 'v1', who = cast.maA) =>
  rest('POST', `${inA(repository, reference)}/scan`, who, { scan_type: 'vulnerability' })
export const stop = (repository: string, reference = 'v1', who = cast.maA) =>
  rest('POST', `${inA(repository, reference)}/scan/stop`, who, { scan_type: 'vulnerability' })
export const ended = (repository: string, reference = 'v1') =>
  eventually(async () => {
    const overview = await overviewOf(repository, reference)
    assert.ok(['Success', 'Error', 'Stopped'].includes(overview?.scan_status ?? ''), overview?.scan_status)
    return overview!
  })
export const logOf = async (repository: string, reportId: string, reference = 'v1') =>
  expectAnswer(await rest('GET', `${inA(repository, reference)}/scan/${reportId}/log`, cast.guA), 200).text
export const read = (repository: string, headers: Record<string, string> = {}, reference = 'v1') =>
  marina.ask('GET', `/api/v2.0${inA(repository, reference)}/additions/vulnerabilities`, { as: cast.guA, headers })
export const vulnerabilities = async (repository: string, reference = 'v1') => {
  const body = expectAnswer(await read(repository, {}, reference), 200).json() as Record<
    string,
    { severity: string; scanner: object; vulnerabilities: { id: string }[] }
  >
  return body[generic]
}

export const found = (id: string, severity: string, more: object = {}) => ({
  id,
  package: 'openssl',
  version: '3.0.1',
  fix_version: '3.0.2',
  severity,
  status: 'fixed',
  description: `about ${id}`,
  links: [`https://example.com/${id}`, 'javascript:alert(1)'],
  preferred_cvss: {
    score_v3: 9.8,
    score_v2: null,
    vector_v3: 'CVSS:3.1/AV:N',
    vector_v2: '',
  },
  cwe_ids: ['CWE-79'],
  vendor_attributes: { CVSS: { nvd: { V3Score: 9.8 } } },
  ...more,
})

export async function givenImage(plan: Plan = {}, tag = 'v1'): Promise<string> {
  const name = fresh('scanned')
  adapter.plans.set(full(name), plan)
  await pushLayers(marina, full(name), [layer], { tag })
  return name
}

export async function givenScanner(more: object = {}): Promise<string> {
  const body = { name: fresh('scanner'), url: `${adapter.url}/${fresh('base')}`, ...more }
  const answer = expectAnswer(await rest('POST', '/scanners', admin, body), 201)
  return answer.headers.location!.split('/').at(-1)!
}
