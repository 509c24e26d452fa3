import type { Static } from 'typebox'
import type * as api from '../../../../api/artifacts.ts'
import type { Reader } from '../../../catalog/reader.ts'
import { readyText } from '../../../platform/http/ready.ts'
import type { ArtifactObject, Column } from '../../artifacts/index.ts'
import type { Summary } from './finding.ts'
import { summarizeGroups } from './findings.ts'
import { findScannerIdOf } from '../store.ts'
import { listOverviewsBy, type ReportRow } from './store.ts'
import { parseAccepted, shownText, typeOf } from './wire.ts'

type Shown = Static<typeof api.ScanOverview>

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
    if (scannerId === null) return new Map()
    const accepted = parseAccepted(wanted.accepted_vulnerabilities)
    const shown = new Map<number, Shown>()
    const others: ArtifactObject[] = []
    for (const one of artifacts) {
      const kept = findKept(one, scannerId)
      if (kept === 'unknown') others.push(one)
      else if (kept?.json && accepted.includes(kept.type)) shown.set(one.id, readyText(kept.json))
    }
    if (others.length > 0) await showOthers(reader, { scannerId, artifacts: others, accepted, shown })
    return shown
  },
}

/** What an image holds of the scanner's report; undefined when there is no report. */
function findKept({ overviews, references }: ArtifactObject, scannerId: string) {
  if (overviews === undefined || references.length > 0) return 'unknown'
  const kept = overviews.find((one) => one.scannerId === scannerId)
  return kept?.json === null ? 'unknown' : kept
}

type Others = { scannerId: string; artifacts: ArtifactObject[]; accepted: string[]; shown: Map<number, Shown> }

async function showOthers(reader: Reader, { scannerId, artifacts, accepted, shown }: Others): Promise<void> {
  // Only images have reports; those of an index are those of its images.
  const own = artifacts.map(({ id, references }) => [id, ...references.map(({ childId }) => childId)])
  const found = await listOverviewsBy(reader, scannerId, [...new Set(own.flat())])
  const rows = new Map(found.map((one) => [one.artifactId, one]))
  const groups = own.flatMap((ids) => {
    const reports = ids.flatMap((id) => rows.get(id) ?? [])
    const type = reports.length === 0 ? undefined : typeOf(reports.find(({ finished }) => finished) ?? reports[0]!)
    return type !== undefined && accepted.includes(type) ? [{ key: ids[0]!, reports }] : []
  })
  const united = await summarizeGroups(reader.db, groups.filter(isUnion).map(unionOf))
  for (const { key, reports } of groups)
    shown.set(key, readyText(shownText(reports, united.get(key) ?? summaryOf(reports))))
}

type Group = { key: number; reports: ReportRow[] }

/** With one finished report, that is all that was found. */
const summaryOf = (reports: ReportRow[]): Summary | undefined =>
  reports.find(({ finished }) => finished)?.finished ?? undefined
const finishedOf = ({ reports }: Group) => reports.filter(({ finished }) => finished !== null)
const isUnion = (group: Group) => finishedOf(group).length > 1
const unionOf = (group: Group) => ({ key: group.key, reportIds: finishedOf(group).map(({ id }) => id) })
