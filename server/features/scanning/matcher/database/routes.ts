import type { Static } from 'typebox'
import type { Schedule } from '../../../../../api/jobs.ts'
import * as api from '../../../../../api/vulndb.ts'
import { OciError } from '../../../../../oci/errors.ts'
import { emit } from '../../../../platform/events/emit.ts'
import { Failure } from '../../../../platform/http/failure.ts'
import { enqueue } from '../../../../platform/jobs/enqueue.ts'
import { actorOf } from '../../../../registry/caller.ts'
import { route, type ApiRoute } from '../../../access/index.ts'
import { choreRoutes } from '../../../job-service/index.ts'
import type { MatchJob } from '../again.ts'
import { ImportRefused } from '../import/bounds.ts'
import { openSource, parseSource, type ImportGround, type importJob, type ImportParams } from '../import/jobs.ts'
import { facts } from '../topics.ts'
import { findCurrent, listGenerations, switchOff, type Generation } from './store.ts'

type Ground = Pick<ImportGround, 'db' | 'registry'> & {
  rules: { staleMs: number }
  type: ReturnType<typeof importJob>
  matchType: MatchJob
}

/** The database of vulnerabilities: import, state, deletion. For administrators. */
export function vulndbRoutes({ db, registry, rules, type, matchType }: Ground): ApiRoute[] {
  return [
    ...choreRoutes(db, {
      type,
      name: 'import of the database of vulnerabilities',
      resource: 'configuration',
      operations: api.imports,
      parse: parseParameters,
      refuse: ({ source }) => refuseAbsent(registry, source),
      facts: {
        asked: (executionId, { source }, by) => facts.vulndbAsked({ executionId, source }, by),
        stopped: (executionId, by) => facts.vulndbStopped({ executionId }, by),
        scheduled: (cron, { source }, by) => facts.vulndbScheduled({ cron, source }, by),
        unscheduled: (by) => facts.vulndbScheduled({ cron: null, source: '' }, by),
      },
    }),
    route(api.getVulndb, { system: 'configuration', verb: 'read' }, async () => {
      const [current, kept] = await Promise.all([findCurrent(db), listGenerations(db)])
      const state = !current ? 'none' : isStale(current, rules) ? 'stale' : 'ok'
      return { state, ...(current ? { current: present(current) } : {}), kept: kept.map(present) }
    }),
    route(api.deleteVulndb, { system: 'configuration', verb: 'delete' }, async ({ caller }) => {
      await db.transaction(async (tx) => {
        const current = await findCurrent(tx)
        if (!current || !(await switchOff(tx)))
          throw new Failure('NOT_FOUND', 'there is no database of vulnerabilities')
        await enqueue(tx, matchType, { params: {}, trigger: 'MANUAL' })
        await emit(tx, [facts.vulndbDeleted({ source: current.source }, actorOf(caller))])
      })
    }),
  ]
}

/** Whether the newest record is too old to say that nothing else is known. */
const isStale = ({ dataAt }: Generation, { staleMs }: Ground['rules']): boolean =>
  !dataAt || Date.now() - Number(dataAt) > staleMs

/** Throws BAD_REQUEST. */
function parseParameters({ parameters = {} }: Static<typeof Schedule>): ImportParams {
  const { source } = parameters
  const rule = 'parameters.source is an artifact in this Marina: project/repository:tag or project/repository@digest'
  if (typeof source !== 'string' || source.length > 512) throw new Failure('BAD_REQUEST', rule)
  try {
    parseSource(source)
  } catch (error) {
    if (error instanceof OciError) throw new Failure('BAD_REQUEST', `${rule}: ${error.message}`, { cause: error })
    throw error
  }
  return { source }
}

/** Throws NOT_FOUND for a source that is not there, BAD_REQUEST for one that can hold no database. */
async function refuseAbsent(registry: Ground['registry'], source: string): Promise<void> {
  try {
    await openSource({ registry }, source)
  } catch (error) {
    if (error instanceof ImportRefused) throw new Failure('BAD_REQUEST', error.message, { cause: error })
    if (error instanceof OciError && (error.code === 'NAME_UNKNOWN' || error.code === 'MANIFEST_UNKNOWN'))
      throw new Failure('NOT_FOUND', `there is nothing to import at ${source}: ${error.message}`, { cause: error })
    throw error
  }
}

function present(one: Generation): Static<typeof api.Vulndb>['kept'][number] {
  const { id, source, endedAt, dataAt, advisories, packages, scores, statements, skipped, ecosystems } = one
  return {
    id,
    source,
    ...(endedAt ? { imported_at: endedAt.toISOString() } : {}),
    ...(dataAt ? { data_at: dataAt.toISOString() } : {}),
    advisories,
    packages,
    scores,
    statements,
    skipped,
    ecosystems,
  }
}
