import { isObject, textIn } from '../../inventory/bytes.ts'
import type { Score, Statement } from '../database/store.ts'
import { readOsv, type ReadRecord } from '../osv.ts'
import { readStatements } from './vex.ts'

/** What a file of a database holds. `ignored`: a file that is no record of any kind. */
export type Item =
  | { kind: 'record'; record: ReadRecord }
  | { kind: 'scores'; scores: Score[] }
  | { kind: 'statements'; statements: Statement[] }
  | { kind: 'ignored'; why: string }

/** Reads a file by what stands in it: OSV records, EPSS scores, the catalog of CISA, or an OpenVEX document. */
export async function itemsOf(name: string, bytes: Buffer): Promise<Item[]> {
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  if (/^(?:#|cve,)/.test(text) && /^cve,epss/m.test(text.slice(0, 1000))) return [readEpss(text)]
  let value: unknown
  try {
    value = /\.ya?ml$/i.test(name) ? (await import('yaml')).parse(text) : JSON.parse(text)
  } catch {
    return [{ kind: 'ignored', why: 'it cannot be parsed' }]
  }
  return Array.isArray(value) ? value.map(itemOf) : [itemOf(value)]
}

function itemOf(value: unknown): Item {
  if (!isObject(value)) return { kind: 'ignored', why: 'it is no record' }
  const context = textIn(value['@context'])
  if (context.startsWith('https://openvex.dev/ns')) return { kind: 'statements', statements: readStatements(value) }
  if (Array.isArray(value['vulnerabilities']) && value['catalogVersion'] !== undefined) return readExploited(value)
  if (value['id'] === undefined) return { kind: 'ignored', why: 'it is no record' }
  return { kind: 'record', record: readOsv(value) }
}

const cveForm = /^CVE-\d{4}-\d{4,}$/

/** EPSS (first.org/epss, "Data and statistics"): `cve,epss,percentile`, after a comment of one line. */
function readEpss(text: string): Item {
  const scores = new Map<string, Score>()
  for (const line of text.split('\n')) {
    const [cveId = '', epss, percentile] = line.trim().split(',')
    const [one, other] = [Number(epss), Number(percentile)]
    if (!cveForm.test(cveId) || !isShare(one) || !isShare(other)) continue
    scores.set(cveId, { cveId, epss: one, percentile: other, isExploited: false })
  }
  return { kind: 'scores', scores: [...scores.values()] }
}

const isShare = (value: number) => value >= 0 && value <= 1

/** The Known Exploited Vulnerabilities catalog of CISA. */
function readExploited({ vulnerabilities }: Record<string, unknown>): Item {
  const ids = (vulnerabilities as unknown[]).filter(isObject).map(({ cveID }) => textIn(cveID))
  const scores = [...new Set(ids)]
    .filter((cveId) => cveForm.test(cveId))
    .map((cveId) => ({ cveId, epss: null, percentile: null, isExploited: true }))
  return { kind: 'scores', scores }
}
