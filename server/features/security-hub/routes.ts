import * as api from '../../../api/security-hub.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { findVulnerabilities } from './actions.ts'
import { parseWanted } from './query.ts'
import { findSummary, listDangerousArtifacts, listDangerousCves } from './store.ts'
import { presentDangerousArtifact, presentDangerousCve, presentSummary, presentVulnerability } from './wire.ts'

/** How many of the most dangerous ones a summary shows, as in Harbor. */
const most = 5
/** As Harbor reads flags of a query. */
const isOn = (word: string | undefined) => ['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 't'].includes(word ?? '')

/** What was found in all images, for administrators of the system. */
export function hubRoutes(db: Db): ApiRoute[] {
  return [
    route(api.getSecuritySummary, { system: 'security-hub', verb: 'read' }, async ({ query }) => {
      const [summary, cves, artifacts] = await Promise.all([
        findSummary(db),
        isOn(query.with_dangerous_cve) ? listDangerousCves(db, most) : undefined,
        isOn(query.with_dangerous_artifact) ? listDangerousArtifacts(db, most) : undefined,
      ])
      return {
        ...presentSummary(summary),
        ...(cves ? { dangerous_cves: cves.map(presentDangerousCve) } : {}),
        ...(artifacts ? { dangerous_artifacts: artifacts.map(presentDangerousArtifact) } : {}),
      }
    }),
    route(api.listVulnerabilities, { system: 'security-hub', verb: 'list' }, async ({ query }) => {
      const wanted = parseWanted(query.q)
      const { page = 1, page_size: pageSize = 10 } = query
      // Refuses pages that are too deep.
      listing({}, { page, page_size: pageSize }, sql`1`)
      const asked = { page, pageSize, isTuned: isOn(query.tune_count), withTags: isOn(query.with_tag) }
      const { rows, total } = await findVulnerabilities(db, wanted, asked)
      // Where the total is not counted, a full page is followed by another one.
      const hasNext = total < 0 ? rows.length === pageSize : page * pageSize < total
      const turns = {
        page,
        pageSize,
        ...(hasNext ? { next: { page: page + 1 } } : {}),
        ...(page > 1 ? { prev: { page: page - 1 } } : {}),
      }
      return { rows: rows.map(presentVulnerability), total, turns }
    }),
  ]
}
