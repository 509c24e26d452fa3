import * as api from '../../../../api/audit.ts'
import type { Db } from '../../../platform/db/db.ts'
import { listing } from '../../../platform/db/listing.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { created } from '../../../platform/http/reply.ts'
import {
  executionFields,
  executionOrder,
  findExecution,
  listExecutions,
  withProgress,
} from '../../../platform/jobs/views.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import { presentHistory } from '../../job-service/index.ts'
import { beginMasking, maskingName, type AliasOf } from './jobs.ts'

const vendor = { vendorType: maskingName }

/** Masks the names of accounts that are gone. It takes the rights of the purge, the other change of the log. */
export function maskingRoutes(db: Db, aliasOf: AliasOf): ApiRoute[] {
  return [
    route(api.maskAuditLog, { system: 'purge-audit', verb: 'create' }, async ({ body: { username }, caller }) =>
      created(await db.transaction((tx) => beginMasking(tx, aliasOf, actorOf(caller), username))),
    ),
    route(api.listAuditMaskings, { system: 'purge-audit', verb: 'list' }, async ({ query }) => {
      const { rows, total } = await listExecutions(db, vendor, listing(executionFields, query, executionOrder))
      return { rows: (await withProgress(db, rows)).map((one) => presentHistory(one)), total }
    }),
    route(api.getAuditMasking, { system: 'purge-audit', verb: 'read' }, async ({ params: { masking_id: id } }) => {
      const execution = await findExecution(db, vendor, id)
      if (!execution) throw new Failure('NOT_FOUND', `masking ${id} not found`)
      const [shown] = await withProgress(db, [execution])
      return presentHistory(shown!)
    }),
  ]
}
