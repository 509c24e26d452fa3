import { ApiError } from '../../api/client.ts'
import * as artifacts from '../../api/artifacts.ts'
import * as api from '../../api/scans.ts'
import { artifactName, parseArtifact } from '../lib/names.ts'
import { lastLine } from '../lib/last-line.ts'
import type { Shape } from '../lib/output.ts'
import { Problem } from '../lib/problem.ts'
import type { Style } from '../lib/table.ts'
import { count } from '../lib/text.ts'
import type { Call, Verb } from '../lib/verb.ts'
import { isOver, watch } from '../lib/watch.ts'
import { artifact } from './artifacts.ts'

type Given = { artifact: string }
type Params = ReturnType<typeof parseArtifact>
/** What the addition `vulnerabilities` says of one. */
type Vulnerability = { id: string; package: string; version: string; fix_version: string; severity: string }

const worstFirst = ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'Unknown', 'None']
const styles: Record<string, Style> = { Critical: 'bad', High: 'bad', Medium: 'busy' }

const shape: Shape<Vulnerability> = {
  kind: 'vulnerability',
  name: ({ id }) => id,
  columns: [
    { name: 'vulnerability', of: ({ id }) => id },
    { name: 'severity', of: ({ severity }) => severity.toLowerCase(), style: ({ severity }) => styles[severity] },
    { name: 'package', of: (row) => row.package, shrinks: true },
    { name: 'version', of: ({ version }) => version, shrinks: true },
    { name: 'fixed in', of: ({ fix_version: fixed }) => fixed || '-', shrinks: true },
  ],
}

export const scan: Omit<Verb<Given>, 'name' | 'about'> = {
  arguments: [artifact],
  examples: [
    ['marina scan team/app:1.0', 'scan it, wait, and list what was found'],
    ['marina scan team/app:1.0 -o name | sort -u', 'only the ids of the vulnerabilities'],
  ],
  async run({ artifact: name }, call) {
    const params = parseArtifact(name)
    await scanAnd(params, call)
    const found = await readFound(params, call)
    await call.out.rows(shape, found)
    if (call.out.format === 'table') call.out.remark(summaryOf(found))
  },
}

/** Asks for a scan and waits until it has ended. One that runs already is waited for. */
async function scanAnd(params: Params, { client }: Call): Promise<void> {
  await client(api.scanArtifact, { params, body: { scan_type: 'vulnerability' } }).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 409)) throw error
  })
  const { status, reportId } = await watch({
    name: 'scan',
    hint: 'the scan goes on: the same command shows its result later',
    async read() {
      const { body } = await client(artifacts.getArtifact, { params, query: { with_scan_overview: true } })
      const [{ scan_status: status = 'Pending', report_id: reportId } = {}] = Object.values(body.scan_overview ?? {})
      return { status, reportId }
    },
    isOver: (row) => isOver(row.status),
    step: (row) => ({ done: 0, total: undefined, text: row.status.toLowerCase() }),
  })
  if (status === 'Success') return
  const log = reportId ? await client(api.getReportLog, { params: { ...params, report_id: reportId } }) : undefined
  const name = artifactName(`${params.project_name}/${params.repository_name}`, params.reference)
  throw new Problem(`${name} was not scanned: ${lastLine(log?.body ?? status)}`)
}

async function readFound(params: Params, { client }: Call): Promise<Vulnerability[]> {
  const { body } = await client(artifacts.getAddition, { params: { ...params, addition: 'vulnerabilities' } })
  const reports = (typeof body === 'string' ? JSON.parse(body) : body) as Record<
    string,
    { vulnerabilities?: Vulnerability[] }
  >
  const all = Object.values(reports).flatMap(({ vulnerabilities }) => vulnerabilities ?? [])
  const rank = ({ severity }: Vulnerability) => worstFirst.indexOf(severity)
  return all.sort((one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1))
}

function summaryOf(found: Vulnerability[]): string {
  const named = worstFirst.flatMap((severity) => {
    const many = found.filter((one) => one.severity === severity).length
    return many > 0 ? [`${many} ${severity.toLowerCase()}`] : []
  })
  const fixable = found.filter(({ fix_version: fixed }) => fixed !== '').length
  return [count(found.length, 'vulnerability'), ...named, `${fixable} with a fix`].join(', ')
}
