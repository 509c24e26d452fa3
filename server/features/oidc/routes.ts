import type { Static } from 'typebox'
import * as api from '../../../api/oidc.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Log } from '../../platform/observe/log.ts'
import { isCallable } from '../../platform/outbound/outbound.ts'
import { route, type ApiRoute } from '../access/index.ts'
import type { Oidc } from './oidc.ts'
import { listClaims, type KeptClaims } from './store.ts'
import { OidcTrouble } from './trouble.ts'

type Lent = { db: Db; oidc: Oidc; log: Log }

export function oidcRoutes({ db, oidc, log }: Lent): ApiRoute[] {
  return [
    // Reading the configuration is a right of administrators alone, and so is reaching out for it.
    route(api.pingOIDC, { system: 'configuration', verb: 'update' }, async ({ body }) => {
      const { url = '', verify_cert: verifiesTls = false } = body
      if (!isCallable(url)) throw new Failure('BAD_REQUEST', failed)
      try {
        await oidc.ping(url, verifiesTls)
      } catch (error) {
        if (!(error instanceof OidcTrouble)) throw error
        log.info({ reason: error.message }, 'the test of an OIDC provider failed')
        throw new Failure('BAD_REQUEST', `${failed}: ${error.message}`, { cause: error })
      }
    }),
    route(api.listClaims, { system: 'configuration', verb: 'read' }, async ({ query: { user_id: id, ...query } }) => {
      const { rows, total } = await listClaims(db, id, listing({}, query, sql`received_at desc, issuer, subject`))
      return { rows: rows.map(present), total }
    }),
  ]
}

/** Harbor's words; the reason follows them. */
const failed = 'failed to verify connection'

function present({
  accountId,
  username,
  receivedAt,
  claims,
  read,
  ...kept
}: KeptClaims): Static<typeof api.OIDCClaims> {
  return {
    ...(accountId === null ? {} : { user_id: accountId }),
    ...(username === null ? {} : { username }),
    issuer: kept.issuer,
    subject: kept.subject,
    occasion: kept.occasion,
    received_at: receivedAt.toISOString(),
    claims,
    used: read.used,
    groups: read.groups,
    is_admin: read.isAdmin,
    notes: read.notes,
  }
}
