import type { Static } from 'typebox'
import * as exports from '../../api/cve-exports.ts'
import * as projects from '../../api/projects.ts'
import * as api from '../../api/security-hub.ts'
import type { Shape } from '../lib/output.ts'
import { Problem } from '../lib/problem.ts'
import type { Style } from '../lib/table.ts'
import { cut, shortDigest } from '../lib/text.ts'
import type { Call, Verb } from '../lib/verb.ts'
import { isOver, watch } from '../lib/watch.ts'
import { listing } from '../lib/words.ts'

type Row = Static<typeof api.VulnerabilityItem>
type Summary = Static<typeof api.SecuritySummary>

const styleOf = (severity: string): Style | undefined =>
  severity === 'Critical' || severity === 'High' ? 'bad' : severity === 'Medium' ? 'busy' : undefined

const shape: Shape<Row> = {
  kind: 'vulnerability',
  name: ({ cve_id: id }) => id,
  columns: [
    { name: 'vulnerability', of: (row) => row.cve_id },
    { name: 'severity', of: (row) => row.severity, style: (row) => styleOf(row.severity) },
    { name: 'CVSS', of: (row) => row.cvss_v3_score },
    { name: 'package', of: (row) => row.package },
    { name: 'version', of: (row) => row.version },
    { name: 'fixed in', of: (row) => row.fixed_version },
    { name: 'artifact', of: (row) => `${row.repository_name}@${shortDigest(row.digest)}` },
    { name: 'tags', of: (row) => cut((row.tags ?? []).join(' '), 30), style: () => 'dim' },
  ],
}

type ListGiven = Record<'id' | 'severity' | 'package' | 'repo' | 'tag' | 'status' | 'cvss', string | undefined>

const list = listing({
  operation: api.listVulnerabilities,
  shape,
  about: 'list what was found in images, the highest CVSS score first; for administrators of the system',
  most: 50,
  options: [
    { flags: '--id <id>', about: 'of this vulnerability, such as CVE-2026-0001' },
    {
      flags: '--severity <word>',
      about: 'of this severity alone',
      choices: ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'Unknown'],
    },
    { flags: '--package <name>', about: 'in this package' },
    { flags: '--repo <name>', about: 'in this repository, with its project: team/app', complete: 'repository' },
    { flags: '--tag <name>', about: 'in artifacts with this tag' },
    { flags: '--status <word>', about: 'of this status, such as fixed' },
    { flags: '--cvss <range>', about: 'with a CVSS v3 score from, to: 7.0~10' },
  ],
  examples: [
    ['marina cves list --severity Critical', 'the critical ones of all images'],
    ['marina cves list --id CVE-2021-44228', 'which images have it'],
    ['marina cves list --package openssl --cvss 7~10', 'the severe ones of a package'],
  ],
  call: (given: ListGiven) => {
    const { id, severity, package: name, repo, tag, status, cvss } = given
    const wanted = { cve_id: id, severity, package: name, repository_name: repo, tag, status }
    const exact = Object.entries(wanted).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
    const q = [...exact, ...(cvss === undefined ? [] : [`cvss_score_v3=[${cvss}]`])].join(',')
    return { query: { with_tag: 'true', ...(q === '' ? {} : { q }) } }
  },
})

const summaryShape: Shape<Summary> = {
  kind: 'summary',
  name: ({ total_vuls: total }) => String(total),
  columns: [
    { name: 'critical', of: (row) => row.critical_cnt, style: (row) => (row.critical_cnt > 0 ? 'bad' : undefined) },
    { name: 'high', of: (row) => row.high_cnt ?? 0 },
    { name: 'medium', of: (row) => row.medium_cnt },
    { name: 'low', of: (row) => row.low_cnt },
    { name: 'none', of: (row) => row.none_cnt ?? 0 },
    { name: 'unknown', of: (row) => row.unknown_cnt ?? 0 },
    { name: 'all', of: (row) => row.total_vuls },
    { name: 'with a fix', of: (row) => row.fixable_cnt },
    { name: 'images scanned', of: (row) => row.scanned_cnt },
    { name: 'artifacts', of: (row) => row.total_artifact },
    { name: 'worst vulnerabilities', of: (row) => row.dangerous_cves?.map(tellCve).join(', ') },
    { name: 'worst artifacts', of: (row) => row.dangerous_artifacts?.map(tellArtifact).join(', ') },
  ],
}

const tellCve = ({ cve_id: id, package: name, version, cvss_score_v3: score }: Static<typeof api.DangerousCVE>) =>
  `${id} in ${name} ${version}${score === undefined ? '' : ` (${score})`}`
const tellArtifact = (one: Static<typeof api.DangerousArtifact>) =>
  `${one.repository_name}@${shortDigest(one.digest)}: ${one.critical_cnt} critical, ${one.high_cnt} high`

const summary: Verb = {
  name: 'summary',
  aliases: ['hub'],
  about: 'count what was found in all images; for administrators of the system',
  async run(_given, { client, out }) {
    const query = { with_dangerous_cve: 'true', with_dangerous_artifact: 'true' }
    await out.row(summaryShape, (await client(api.getSecuritySummary, { query })).body)
  },
}

type ExportGiven = { project: string } & Record<'repos' | 'ids' | 'tags', string | undefined>

const exporting: Verb<ExportGiven> = {
  name: 'export',
  about: 'write what was found in the images of a project as CSV',
  arguments: [{ name: 'project', about: 'its name', complete: 'project' }],
  options: [
    { flags: '--repos <pattern>', about: 'of these repositories, without the project: web-*, {app,web}' },
    { flags: '--ids <patterns>', about: 'of these vulnerabilities, with commas between: CVE-2026-*' },
    { flags: '--tags <pattern>', about: 'of artifacts with such a tag: v*' },
  ],
  examples: [
    ['marina cves export team > team.csv', 'all of a project'],
    ['marina cves export team --tags v1.* --ids CVE-2026-*', 'of some tags, of this year'],
  ],
  async run({ project: name, repos = '', ids = '', tags = '' }, call) {
    const { body: project } = await call.client(projects.getProject, { params: { project_name_or_id: name } })
    const body = {
      projects: [project.project_id],
      repositories: repos,
      cveIds: ids,
      tags,
      job_name: 'marina cves export',
    }
    const { id } = (await call.client(exports.exportScanData, { body })).body
    const params = { execution_id: id }
    const ended = await follow(call, id)
    if (!ended.file_present) return call.out.remark(ended.status_text)
    call.out.text((await call.client(exports.downloadScanData, { params })).body)
  },
}

async function follow({ client }: Call, id: number) {
  const params = { execution_id: id }
  const ended = await watch({
    name: `export ${id}`,
    hint: 'the export goes on, and can be downloaded by the API',
    read: async () => (await client(exports.getScanDataExportExecution, { params })).body,
    isOver: (row) => isOver(row.status),
    step: (row) => ({ done: 0, total: undefined, text: row.status.toLowerCase() }),
  })
  if (ended.status === 'Success') return ended
  throw new Problem(`the export ended as ${ended.status}: ${ended.status_text}`)
}

export const verbs: Verb[] = [summary, list, exporting]
