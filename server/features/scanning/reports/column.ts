import type { Column } from '../../artifacts/index.ts'
import { summarizeGroups } from './findings.ts'
import { listOverviews, type ReportRow } from './store.ts'
import { parseAccepted, presentOverview, typeOf } from './wire.ts'

/** What lists of artifacts show of vulnerabilities: one query for a whole page, one more where it has indexes. */
export const scanOverview: Column = {
  flag: 'with_scan_overview',
  field: 'scan_overview',
  async load({ reader, artifacts, wanted }) {
    // Only images have reports; those of an index are those of its images.
    const own = artifacts.map(({ id, references }) => [id, ...references.map(({ childId }) => childId)])
    const rows = new Map((await listOverviews(reader.db, [...new Set(own.flat())])).map((one) => [one.artifactId, one]))
    const accepted = parseAccepted(wanted.accepted_vulnerabilities)
    const groups = own.flatMap((ids) => {
      const reports = ids.flatMap((id) => rows.get(id) ?? [])
      const type = reports.length === 0 ? undefined : typeOf(reports.find(({ finished }) => finished) ?? reports[0]!)
      return type !== undefined && accepted.includes(type) ? [{ key: ids[0]!, type, reports }] : []
    })
    const united = await summarizeGroups(reader.db, groups.filter(isUnion).map(unionOf))
    return new Map(
      groups.map(({ key, type, reports }) => {
        const finished = reports.find((one) => one.finished)?.finished ?? undefined
        return [key, { [type]: presentOverview(reports, united.get(key) ?? finished) }]
      }),
    )
  },
}

type Group = { key: number; reports: ReportRow[] }

const finishedOf = ({ reports }: Group) => reports.filter(({ finished }) => finished !== null)
const isUnion = (group: Group) => finishedOf(group).length > 1
const unionOf = (group: Group) => ({ key: group.key, reportIds: finishedOf(group).map(({ id }) => id) })
