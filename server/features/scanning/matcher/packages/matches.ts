import type { Db, Queryable } from '../../../../platform/db/db.ts'
import { sql } from '../../../../platform/db/sql.ts'
import { rankOf, type Finding } from '../../reports/finding.ts'
import { matchImage, type Matched } from '../image.ts'
import type { Match } from '../match.ts'
import { findCurrent } from '../database/store.ts'

/** A finding with what the database knows of its use. */
export type ShownMatch = {
  finding: Finding
  suppressed: string | undefined
  epss: number | null
  percentile: number | null
  isExploited: boolean
}
type Matches = Pick<Matched, 'state' | 'notes' | 'packages'> & { dataAt: Date | null; matches: ShownMatch[] }

/** The most that one answer holds. */
const most = 10_000

/** What the database in use says of an image whose packages are known, the worst first; also what is suppressed. */
export async function listMatches(db: Db, artifactId: number, rules: { staleMs: number }): Promise<Matches> {
  const [{ findings, suppressed, state, notes, packages }, current] = await Promise.all([
    db.transaction((tx) => matchImage(tx, artifactId, rules)),
    findCurrent(db),
  ])
  const all: Match[] = [...findings, ...suppressed]
  const scores = current ? await listScores(db, current.id, [...new Set(all.map(({ cveId }) => cveId))]) : new Map()
  const matches = all.map(({ suppressed: why, ...finding }): ShownMatch => {
    const { epss = null, percentile = null, isExploited = false } = scores.get(finding.cveId) ?? {}
    return { finding, suppressed: why, epss, percentile, isExploited }
  })
  return { state, notes, packages, dataAt: current?.dataAt ?? null, matches: matches.toSorted(byWorst).slice(0, most) }
}

type Row = { cveId: string; epss: number | null; percentile: number | null; isExploited: boolean }

async function listScores(db: Queryable, generation: number, ids: string[]): Promise<Map<string, Row>> {
  const rows = await db.rows<Row>(sql`
    select cve_id as "cveId", epss, epss_percentile as percentile, is_exploited as "isExploited"
    from vulnerability_score where generation_id = ${generation} and cve_id = any(${ids}::text[])`)
  return new Map(rows.map((row) => [row.cveId, row]))
}

/** The worst first; of the same severity what is known to be used, then what is likely to be. */
function byWorst(one: ShownMatch, other: ShownMatch): number {
  return (
    Number(one.suppressed !== undefined) - Number(other.suppressed !== undefined) ||
    rankOf(other.finding.severity) - rankOf(one.finding.severity) ||
    Number(other.isExploited) - Number(one.isExploited) ||
    (other.epss ?? 0) - (one.epss ?? 0) ||
    (one.finding.cveId < other.finding.cveId ? -1 : 1)
  )
}
