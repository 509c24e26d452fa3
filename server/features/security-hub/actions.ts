import type { Queryable } from '../../platform/db/db.ts'
import { isOfSummaries, type Wanted } from './query.ts'
import { countFound, listFound, listTags, sumReports, type Vulnerability } from './store.ts'

/** Beyond it a list that is asked for with `tune_count` says -1, as in Harbor. */
const mostCounted = 1000
/** So many findings are read and sorted; of more, the first ones are looked for. */
const fewFindings = 20_000

type Asked = { page: number; pageSize: number; isTuned: boolean; withTags: boolean }
export type Found = { rows: (Vulnerability & { tags: string[] | null })[]; total: number }

/** One page of findings. `total` is -1 for more than 1,000 where the count is tuned. */
export async function findVulnerabilities(db: Queryable, wanted: Wanted, asked: Asked): Promise<Found> {
  if (wanted.rank === -1) return { rows: [], total: 0 }
  const { page, pageSize, isTuned, withTags } = asked
  const part = { limit: pageSize, offset: (page - 1) * pageSize }
  const isExact = isOfSummaries(wanted) && !isTuned
  const ofReports = await sumReports(db, wanted, isExact ? undefined : fewFindings)
  const [rows, total] = await Promise.all([
    ofReports === 0 ? [] : listFound(db, wanted, part, ofReports <= fewFindings),
    isOfSummaries(wanted) || ofReports === 0
      ? ofReports
      : countFound(db, wanted, isTuned ? mostCounted + 1 : undefined),
  ])
  const tags = withTags ? await listTags(db, [...new Set(rows.map(({ artifactId }) => artifactId))]) : undefined
  return {
    rows: rows.map((one) => ({ ...one, tags: tags ? (tags.get(one.artifactId) ?? []) : null })),
    total: isTuned && total > mostCounted ? -1 : total,
  }
}
