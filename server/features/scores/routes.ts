import type { Static } from 'typebox'
import { getPulls } from '../../../api/pulls.ts'
import * as api from '../../../api/scores.ts'
import { isDigest } from '../../../oci/digest.ts'
import { isTag } from '../../../oci/reference.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { sql } from '../../platform/db/sql.ts'
import { actorOf } from '../../registry/caller.ts'
import { demandIn, route, type ApiRoute } from '../access/index.ts'
import { findRunningPlaces } from '../deployments/index.ts'
import { getRepositoryOf } from '../repositories/index.ts'
import { listLowest } from './lowest.ts'
import { presets } from './presets.ts'
import { keptDays, listPulls } from './pull-days.ts'
import type { Rules } from './rules.ts'
import { scopeDeletable, scopeSeen, type Scope } from './scope.ts'
import { simulate } from './simulate.ts'
import {
  countFreed,
  findArtifactId,
  findRules,
  listScored,
  listTop,
  saveRules,
  type ScoredRepository,
  type StoredRules,
} from './store.ts'
import { facts } from './topics.ts'
import { parseProjectIds, parseRules, presentRules, presentScored, presentUsed, runningIn } from './wire.ts'

export type ScoreRoutesOptions = {
  reader: Reader & { db: Db }
  /** How long the pulls of a day are kept, in ms; 0: they are not recorded. */
  pullsMs: number
  /** How long a deletion can be taken back, in ms. */
  undeleteMs: number
}

export const scoreRoutes = (options: ScoreRoutesOptions): ApiRoute[] => [...usageRoutes(options), pullsRoute(options)]

/** Pulls by day of a repository, or of an artifact or a tag in it. */
function pullsRoute({ reader, pullsMs }: ScoreRoutesOptions): ApiRoute {
  return route(getPulls, { project: 'artifact', verb: 'list', isPartly: true }, async (asked) => {
    const { project, query } = asked
    demandIn(asked, query.repository, 'artifact', 'list')
    const { days = 30, tag, digest } = query
    if (tag !== undefined && digest !== undefined)
      throw new Failure('BAD_REQUEST', 'tag and digest exclude each other: ask for one of them')
    if (tag !== undefined && !isTag(tag)) throw new Failure('BAD_REQUEST', 'tag is not the name of a tag')
    if (digest !== undefined && !isDigest(digest)) throw new Failure('BAD_REQUEST', 'digest is not a digest')
    const { id, name } = await getRepositoryOf(reader, project, query.repository)
    const artifactId = digest === undefined ? undefined : await findArtifactId(reader.db, id, digest)
    if (digest !== undefined && artifactId === undefined)
      throw new Failure('NOT_FOUND', `${digest} does not exist in ${name}`)
    const of = { repositoryId: id, ...(artifactId ? { artifactId } : {}), ...(tag === undefined ? {} : { tag }) }
    const rows = await listPulls(reader.db, of, days)
    return { days: rows, total: rows.reduce((sum, { count }) => sum + count, 0), kept_days: keptDays(pullsMs) }
  })
}

function usageRoutes({ reader, pullsMs, undeleteMs }: ScoreRoutesOptions): ApiRoute[] {
  const { db } = reader
  const inForce = async (): Promise<StoredRules> =>
    (await findRules(db)) ?? { preset: 'default', rules: presets.default }
  const rulesOf = async (asked: Parameters<typeof parseRules>[0]) => (parseRules(asked) ?? (await inForce())).rules

  return [
    route(api.listTopRepositories, 'anyone', async ({ query: { count = 10, project_ids: ids }, rights }) => {
      const top = await listTop(db, await scopeSeen(reader, rights, parseProjectIds(ids)), count)
      return top.map(presentUsed)
    }),
    route(api.listRepositoryScores, 'anyone', async ({ query: { project_ids: ids, ...query }, rights }) => {
      const rules = await rulesOf(query)
      const part = listing({}, { page: query.page ?? 1, page_size: query.page_size ?? 10 }, sql`score`)
      const { rows, total } = await listScored(db, await scopeSeen(reader, rights, parseProjectIds(ids)), rules, part)
      const places = await findRunningPlaces(db, idsOf(rows))
      // Who may only see a repository does not learn the names of clusters.
      return { rows: rows.map((one) => presentScored(rules, one, places.has(one.id) ? {} : undefined)), total }
    }),
    route(api.listLowestRepositories, 'user', async ({ query: { project_ids: ids, count = 10, ...query }, rights }) => {
      const scope = await scopeDeletable(reader, rights, parseProjectIds(ids))
      return answerLowest(reader, scope, await rulesOf(query), { count, undeleteMs })
    }),
    route(
      api.simulateRepositoryScores,
      'user',
      async ({ body: { days, count, project_ids: ids, ...body }, rights }) => {
        const [rules, scope] = [await rulesOf(body), await scopeDeletable(reader, rights, ids)]
        return simulate(db, { days, count, scope, rules, keptDays: keptDays(pullsMs) })
      },
    ),
    route(api.getScoreRules, 'user', async () => presentRules(await inForce())),
    route(api.updateScoreRules, { system: 'configuration', verb: 'update' }, async ({ body, caller }) => {
      const wanted = parseRules(body)
      if (!wanted) throw new Failure('BAD_REQUEST', 'the body needs preset or factors')
      await db.transaction(async (tx) => {
        await saveRules(tx, wanted)
        await emit(tx, [facts.scoreRulesUpdated({ preset: wanted.preset }, actorOf(caller))])
      })
      return presentRules(wanted)
    }),
  ]
}

const idsOf = (rows: ScoredRepository[]) => rows.map(({ id }) => id)

/** The least used repositories that may be deleted, those that stay as a cluster runs them, and what would be freed. */
async function answerLowest(
  { db }: { db: Db },
  scope: Scope,
  rules: Rules,
  { count, undeleteMs }: { count: number; undeleteMs: number },
): Promise<Static<typeof api.LowestRepositories>> {
  const { rows, running } = await listLowest(db, scope, rules, count)
  const places = await findRunningPlaces(db, idsOf(running))
  return {
    repositories: rows.map((one) => presentScored(rules, one)),
    running: running.map((one) => presentScored(rules, one, runningIn(places, one))),
    freed_bytes: await countFreed(db, idsOf(rows)),
    restorable_seconds: Math.floor(undeleteMs / 1000),
  }
}
