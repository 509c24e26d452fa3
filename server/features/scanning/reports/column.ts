import type { Reader } from '../../../catalog/reader.ts'
import type { Column, KeptArtifact } from '../../artifacts/index.ts'
import type { Summary } from './finding.ts'
import { summarizeGroups } from './findings.ts'
import { findScannerIdOf } from '../store.ts'
import { listOverviewsBy, type ReportRow } from './store.ts'
import { parseAccepted, shownText, typeOf } from './wire.ts'

/**
 * What lists of artifacts show of vulnerabilities, as text. Images hold their finished reports (kept.ts). Of indexes,
 * and of images that are being scanned, the rows of the reports are read: from the cache or by one query for all of
 * the page, with one query more where a scan runs, and one where there are indexes.
 */
export const scanOverview: Column = {
  flag: 'with_scan_overview',
  field: 'scan_overview',
  async load({ reader, project, artifacts, wanted }) {
    const scannerId = await findScannerIdOf(reader, project.id)
    if (scannerId === null) return { textOf: () => undefined }
    const accepted = parseAccepted(wanted.accepted_vulnerabilities)
    const others = artifacts.filter((one) => findKept(one, scannerId) === 'unknown')
    const shown = others.length === 0 ? undefined : await showOthers(reader, { scannerId, artifacts: others, accepted })
    return {
      textOf(one) {
        const kept = findKept(one, scannerId)
        if (kept === 'unknown') return shown?.get(one.id)
        return kept?.json && accepted.includes(kept.type) ? kept.json : undefined
      },
    }
  },
}

/** What an image holds of the scanner's report; undefined when there is no report. */
function findKept({ overviews, childIds }: KeptArtifact, scannerId: string) {
  if (overviews === undefined || childIds.length > 0) return 'unknown'
  const kept = overviews.find((one) => one.scannerId === scannerId)
  return kept?.json === null ? 'unknown' : kept
}

type Others = { scannerId: string; artifacts: KeptArtifact[]; accepted: string[] }

/** The texts by the artifacts' ids. */
async function showOthers(reader: Reader, { scannerId, artifacts, accepted }: Others): Promise<Map<number, string>> {
  // Only images have reports; those of an index are those of its images.
  const own = artifacts.map(({ id, childIds }) => [id, ...childIds])
  const found = await listOverviewsBy(reader, scannerId, [...new Set(own.flat())])
  const rows = new Map(found.map((one) => [one.artifactId, one]))
  const groups = own.flatMap((ids) => {
    const reports = ids.flatMap((id) => rows.get(id) ?? [])
    const type = reports.length === 0 ? undefined : typeOf(reports.find(({ finished }) => finished) ?? reports[0]!)
    return type !== undefined && accepted.includes(type) ? [{ key: ids[0]!, reports }] : []
  })
  const united = await summarizeGroups(reader.db, groups.filter(isUnion).map(unionOf))
  return new Map(groups.map(({ key, reports }) => [key, shownText(reports, united.get(key) ?? summaryOf(reports))]))
}

type Group = { key: number; reports: ReportRow[] }

/** With one finished report, that is all that was found. */
const summaryOf = (reports: ReportRow[]): Summary | undefined =>
  reports.find(({ finished }) => finished)?.finished ?? undefined
const finishedOf = ({ reports }: Group) => reports.filter(({ finished }) => finished !== null)
const isUnion = (group: Group) => finishedOf(group).length > 1
const unionOf = (group: Group) => ({ key: group.key, reportIds: finishedOf(group).map(({ id }) => id) })
