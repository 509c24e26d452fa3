import type { Column } from '../../artifacts/index.ts'
import { listReports } from './store.ts'
import { presentOverview } from './wire.ts'

/** What lists of artifacts show of their SBOMs, read by one query for a whole page. */
export const sbomOverview: Column = {
  flag: 'with_sbom_overview',
  field: 'sbom_overview',
  async load({ reader, artifacts }) {
    // Only images have reports; those of an index are those of its images.
    const ids = artifacts.flatMap(({ id, references }) => [id, ...references.map(({ childId }) => childId)])
    const reports = new Map((await listReports(reader.db, [...new Set(ids)])).map((one) => [one.artifactId, one]))
    return new Map(
      artifacts.flatMap(({ id, references }) => {
        const own = [id, ...references.map(({ childId }) => childId)].flatMap((one) => reports.get(one) ?? [])
        const overview = presentOverview(own)
        return overview ? [[id, overview] as const] : []
      }),
    )
  },
}
