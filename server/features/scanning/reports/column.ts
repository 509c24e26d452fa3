import type { Column } from '../../artifacts/index.ts'
import type { Summary } from './finding.ts'
import { summarizeGroups } from './findings.ts'
import { findScannerIdOf } from '../store.ts'
import { listOverviewsBy, type ReportRow } from './store.ts'
import { parseAccepted, presentOverview, typeOf, type Overview } from './wire.ts'

/**
 * What lists of artifacts show of vulnerabilities: from the cache or by one query for a whole page. One query more is
 * needed where a scan runs, and one where there are indexes.
 */
export const scanOverview: Column = {
  flag: 'with_scan_overview',
  field: 'scan_overview',
  async load({ reader, project, artifacts, wanted }) {
    const scannerId = await findScannerIdOf(reader, project.id)
    if (scannerId === null) return new Map()
    // Only images have reports; those of an index are those of its images.
    const own = artifacts.map(({ id, references }) => [id, ...references.map(({ childId }) => childId)])
    const reports = await listOverviewsBy(reader, scannerId, [...new Set(own.flat())])
    const rows = new Map(reports.map((one) => [one.artifactId, one]))
    const accepted = parseAccepted(wanted.accepted_vulnerabilities)
    const groups = own.flatMap((ids) => {
      const reports = ids.flatMap((id) => rows.get(id) ?? [])
      const type = reports.length === 0 ? undefined : typeOf(reports.find(({ finished }) => finished) ?? reports[0]!)
      return type !== undefined && accepted.includes(type) ? [{ key: ids[0]!, type, reports }] : []
    })
    const united = await summarizeGroups(reader.db, groups.filter(isUnion).map(unionOf))
    return new Map(
      groups.map(({ key, type, reports }) => {
        const [only] = reports
        const overview = reports.length === 1 ? presentOne(only!) : presentSeveral(reports, united.get(key))
        return [key, { [type]: overview }]
      }),
    )
  },
}

type Group = { key: number; reports: ReportRow[] }

const presented = new WeakMap<ReportRow, Overview>()

/** Made once for each row that the cache keeps. */
function presentOne(row: ReportRow): Overview {
  let known = presented.get(row)
  if (!known) presented.set(row, (known = presentOverview([row], row.finished ?? undefined)))
  return known
}

/** `united`: what several images have found together; with one finished report, that is all. */
function presentSeveral(reports: ReportRow[], united: Summary | undefined): Overview {
  return presentOverview(reports, united ?? reports.find((one) => one.finished)?.finished ?? undefined)
}

const finishedOf = ({ reports }: Group) => reports.filter(({ finished }) => finished !== null)
const isUnion = (group: Group) => finishedOf(group).length > 1
const unionOf = (group: Group) => ({ key: group.key, reportIds: finishedOf(group).map(({ id }) => id) })
